"""Making institutions known: two registrars enter them, give their keys force and let their machines in."""

import hashlib
from typing import Any

from demo.centres import Keyring
from demo.doors import Machine, Refused, Service, Session
from demo.institutions import Institution

_SOURCE = "演示数据"
_CLIENT_KINDS = {
    "bureau": "authority",
    "safety-authority": "authority",
    "qualification-authority": "assessor",
    "assessment-organisation": "assessor",
}
"""Kind of issuer → kind of client; all others are centres."""
_SCOPES = ["records:read", "records:write"]


class Registrars:
    """Two officials at two desks: what the first proposes the second decides."""

    def __init__(self, service: Service, ring: Keyring) -> None:
        """Sign both in; raises `Refused` where demo logins do not exist."""
        self._service = service
        self._ring = ring
        self._first = Session(service, {"kind": "registrar"})
        self._second = Session(service, {"kind": "registrar-2"})
        self._known = {one["uscc"]: one for one in self._first.get("/v1/desk/institutions")["items"]}

    def admit(self, institution: Institution) -> None:
        """Enter an institution, its dates, its signing key and its machine, as far as that is not done."""
        known = self._known.get(institution.uscc) or self._enter(institution)
        if institution.until_on is not None and not any(fact["fact"] == "closed" for fact in known["facts"]):
            closed = {"fact": "closed", "on": institution.until_on.isoformat(), "value": "停止办学"}
            self._first.post(f"/v1/desk/institutions/{institution.uscc}/facts", closed | {"source": _SOURCE})
        if institution.issues and self._ring.client_id(institution) is None:
            self._give_force(institution)
            target = self._service.target
            self._ring.enrol(institution, self._let_in(institution), target)

    def machine(self, institution: Institution) -> Machine:
        """Return an admitted institution's machine."""
        client_id = self._ring.client_id(institution)
        if client_id is None:
            raise RuntimeError(f"{institution.name} has no machine yet")
        return Machine(self._service, self._ring.key(institution), client_id)

    def _enter(self, institution: Institution) -> dict[str, Any]:
        entered: dict[str, Any] = self._first.post(
            "/v1/desk/institutions",
            {
                "uscc": institution.uscc,
                "name": institution.name,
                "kind": institution.kind,
                "valid_from": institution.from_on.isoformat(),
                "valid_to": None,
                "source": _SOURCE,
            },
        )
        return entered

    def _give_force(self, institution: Institution) -> None:
        """Register the signing key, unless a load that was interrupted did."""
        key, path = self._ring.key(institution), f"/v1/desk/issuers/{institution.uscc}/keys"
        if key.kid not in self._kids(path):
            self._propose(path, {"jwk": key.public_jwk()})

    def _kids(self, path: str) -> set[str]:
        try:
            return {one["kid"] for one in self._first.get(path)["items"]}
        except Refused as refused:
            if refused.status != 404:
                raise
            return set()

    def _let_in(self, institution: Institution) -> str:
        """Register the machine and return its client id."""
        client = {
            "kind": _CLIENT_KINDS.get(institution.kind, "centre"),
            "name": institution.name,
            "institution": institution.uscc,
            "scopes": _SCOPES,
            "keys": [{"jwk": self._ring.key(institution).public_jwk()}],
        }
        return str(self._propose("/v1/desk/clients", client)["subject"])

    def _propose(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Propose and have it decided; after an interruption the same proposal is found again."""
        content = hashlib.sha256(repr((path, sorted(body.items()))).encode()).hexdigest()
        proposed: dict[str, Any] = self._first.post(path, body, once=f"demo-{content[:40]}")
        decide(self._second, proposed["proposal_id"])
        return proposed


def decide(second: Session, proposal_id: str) -> None:
    """Approve a proposal as its second person; one that was decided already is left as it is."""
    try:
        second.post(
            f"/v1/desk/proposals/{proposal_id}/decide", {"approve": True, "reason": "已核对，同意（演示）"}
        )
    except Refused as refused:
        if refused.code != "proposal-closed":
            raise
