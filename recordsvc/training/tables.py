"""Classes at rest: what a training centre keeps of a running class until its records are signed.

A class is a draft: nothing of it is in anybody's archive, and nothing of it counts. Who sits in it stands
sealed (name) and as a kept number (`people/kept_numbers.py`); days, presence and marks name a seat alone. So
an erasure takes the seats, and what is left says nothing of the person.
"""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

training_class = sa.Table(
    "training_class",
    metadata,
    sa.Column("class_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("training_type", sa.String(40), nullable=False),
    sa.Column("occupation", sa.String(80), nullable=False),
    sa.Column("occupation_code", sa.String(20), nullable=False),
    sa.Column("level", sa.String(20), nullable=False),
    sa.Column("started_on", sa.String(10), nullable=False),
    sa.Column("ended_on", sa.String(10), nullable=False),
    sa.Column("theory_periods", sa.Integer, nullable=False),
    sa.Column("practice_periods", sa.Integer, nullable=False),
    sa.Column("state", sa.String(9), nullable=False),
    sa.Column("note", sa.String(400), nullable=False),
    sa.Column("opened_by", sa.String(80), nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("submitted_by", sa.String(80)),
    # When the signer took the roster: from then on it is what the records will say.
    sa.Column("roster_ms", sa.BigInteger),
    sa.Column("closed_by", sa.String(80)),
    sa.Column("closed_ms", sa.BigInteger),
    sa.UniqueConstraint("institution", "code"),
    sa.CheckConstraint("started_on <= ended_on", name="days"),
    sa.CheckConstraint("theory_periods >= 0 AND practice_periods >= 0", name="periods"),
    sa.CheckConstraint("state IN ('open', 'submitted', 'signed', 'void')", name="state"),
    sa.CheckConstraint("(state IN ('signed', 'void')) = (closed_ms IS NOT NULL)", name="closed"),
    sa.CheckConstraint("roster_ms IS NULL OR state <> 'open'", name="roster"),
    sa.CheckConstraint("state <> 'signed' OR closed_by <> submitted_by", name="second_person"),
    info={"kind": "state"},
    comment="Classes of institutions (班级): plan and state of the draft; who hands it over never signs it",
)

class_teacher = sa.Table(
    "class_teacher",
    metadata,
    sa.Column("class_id", sa.LargeBinary(16), sa.ForeignKey("training_class.class_id"), primary_key=True),
    sa.Column("staff_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("from_on", sa.String(10), nullable=False),
    sa.Column("until_on", sa.String(10), nullable=False),
    sa.Column("assigned_by", sa.String(80), nullable=False),
    sa.Column("ended_ms", sa.BigInteger),
    sa.Column("ended_by", sa.String(80)),
    sa.CheckConstraint("from_on <= until_on", name="days"),
    sa.CheckConstraint("(ended_ms IS NULL) = (ended_by IS NULL)", name="ended"),
    sa.Index(None, "staff_id"),
    info={"kind": "state"},
    comment="Which teacher has a class from which Beijing day to which; one that ended early keeps its row",
)

class_learner = sa.Table(
    "class_learner",
    metadata,
    sa.Column("learner_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("class_id", sa.LargeBinary(16), sa.ForeignKey("training_class.class_id"), nullable=False),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("number_id", sa.LargeBinary(16), nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("result", sa.String(12), nullable=False),
    sa.Column("score", sa.String(6), nullable=False),
    sa.UniqueConstraint("class_id", "n"),
    sa.UniqueConstraint("number_id"),
    sa.CheckConstraint("result IN ('', 'passed', 'failed', 'absent', 'dropped')", name="result"),
    sa.CheckConstraint("score = '' OR result IN ('passed', 'failed')", name="score"),
    info={"kind": "state", "wrapped": ("sealed", "holding")},
    comment="Seats of a class: the name sealed, the number kept for comparing, the mark of the final test",
)

class_day = sa.Table(
    "class_day",
    metadata,
    sa.Column("class_id", sa.LargeBinary(16), sa.ForeignKey("training_class.class_id"), primary_key=True),
    sa.Column("on_day", sa.String(10), primary_key=True),
    sa.Column("theory_periods", sa.Integer, nullable=False),
    sa.Column("practice_periods", sa.Integer, nullable=False),
    sa.Column("entered_by", sa.String(80), nullable=False),
    sa.Column("entered_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("theory_periods >= 0 AND practice_periods >= 0", name="periods"),
    sa.CheckConstraint("theory_periods + practice_periods BETWEEN 1 AND 16", name="day"),
    info={"kind": "state"},
    comment="Days on which a class was taught, with class hours (课时), and who entered them last",
)

class_presence = sa.Table(
    "class_presence",
    metadata,
    sa.Column("class_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("on_day", sa.String(10), primary_key=True),
    sa.Column("learner_id", sa.LargeBinary(16), primary_key=True),
    sa.ForeignKeyConstraint(["class_id", "on_day"], ["class_day.class_id", "class_day.on_day"]),
    sa.ForeignKeyConstraint(["learner_id"], ["class_learner.learner_id"]),
    sa.Index(None, "learner_id"),
    info={"kind": "state"},
    comment="Which seats were taken on a day of a class",
)
