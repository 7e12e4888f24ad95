"""`python -m demo`: fill a running service of the environment `demo` with the demo region."""

from pathlib import Path

import click
import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from demo import bank, kept, rosters
from demo.doors import Refused, Service, Target
from demo.load import Loader, NotReleased, Rejected
from demo.region import WORKERS, Region
from recordsvc.ground.ports import SystemClock
from recordsvc.settings import Settings, SettingsError


@click.command()
@click.option("--url", default=None, help="Where the service listens; by default as its settings say.")
@click.option("--workers", default=WORKERS, show_default=True, help="How many workers (first load only).")
@click.option("--again", is_flag=True, help="Send everything again, although a load was finished.")
def main(url: str | None, workers: int, *, again: bool) -> None:
    """Load the synthetic demo region through the service's public doors (演示数据)."""
    try:
        settings = Settings.load()
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    if settings.environment != "demo":
        raise click.ClickException("the demo region belongs into the environment `demo` and nowhere else")
    folder = settings.data_dir / "demo"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    finished = folder / "finished.json"
    if finished.exists() and not again:
        click.echo("演示数据已经就绪 / The demo region is in place")
        return
    region = kept.region(folder, workers)
    target = Target(
        url or f"http://localhost:{settings.port}",
        settings.audience,
        settings.environment,
        settings.issuer_url,
    )
    counts = _load(target, region, folder / "keys")
    rosters.write_sample(folder / "sample", region, folder / "keys" / "care.jwk")
    kept.keep(finished, counts)
    told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    click.echo(f"演示数据 / Demo region: {len(region.people)} workers, {len(region.drafts)} records ({told})")


def _load(target: Target, region: Region, keys: Path) -> dict[str, int | str]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with (
        Progress(*columns, console=Console(stderr=True)) as progress,
        Service(target, SystemClock()) as service,
    ):
        shown = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in shown:
                shown[what] = progress.add_task(what, total=total)
            progress.update(shown[what], completed=done, total=total)

        try:
            bank.connect(service)
            return dict(Loader(service, region, keys, show).run())
        except (Refused, Rejected, NotReleased) as stopped:
            raise click.ClickException(f"{stopped}; run it again to go on") from stopped
        except httpx.TransportError as lost:
            raise click.ClickException(f"{target.url} does not answer; run it again to go on") from lost


if __name__ == "__main__":
    main()
