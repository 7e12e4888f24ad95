"""Sorts of callers (调用方): kinds, roles and positions, scopes, owners of objects, ways to stand in."""

from enum import StrEnum


class Kind(StrEnum):
    """What sort of caller asks."""

    ANYONE = "anyone"
    CLIENT = "client"
    """A registered machine of an institution or receiver."""
    WORKER = "worker"
    STAFF = "staff"
    """A person of an institution, employer or department (机构工作人员), signed in under their own name."""
    OFFICIAL = "official"
    SYSTEM = "system"
    """This service's own processes and command line."""


class Role(StrEnum):
    """What an official is there for (security.md §1.3, domain.md §12)."""

    REGISTRAR = "registrar"
    """登记员: institutions, keys, programmes, clients."""
    HANDLER = "handler"
    """经办人: first person of an act."""
    REVIEWER = "reviewer"
    """复核人: second person of an act."""
    PAYER = "payer"
    """支付人员: releases payments; never reviews."""
    INSPECTOR = "inspector"
    """监督检查人员."""
    AUDITOR = "auditor"
    """审计员: reads trails and proofs; writes nothing of anybody's data."""
    DATA_OFFICER = "data-officer"
    """个人信息保护负责人: corrections and erasure requests."""
    ADMINISTRATOR = "administrator"
    """系统管理员: runs the service, holds no data role."""


class Position(StrEnum):
    """What a person of an institution, employer or department is there for (domain.md §12)."""

    HEAD = "head"
    """经办负责人: says who else works here; the first one is entered by two officials."""
    CLERK = "clerk"
    """机构经办: classes, rosters, answers to objections."""
    TEACHER = "teacher"
    """教师: own classes and attendance."""
    SIGNER = "signer"
    """签发人: whose key signs the institution's records."""
    HR = "hr"
    """用人单位人力资源: employees who consented."""
    OFFICER = "officer"
    """残联、退役军人、农业农村等部门专员: assertions of their department."""


class Scope(StrEnum):
    """What a client's token may be used for; words are compared whole."""

    RECORDS_WRITE = "records:write"
    RECORDS_READ = "records:read"
    FEED_READ = "feed:read"
    EXPORTS = "exports"
    """The client's own feed of what it may see (exports/)."""
    SHARED_READ = "shared:read"
    """What workers share with this client by consent."""


class Owner(StrEnum):
    """Whose an object must be: the attribute of that name is equal on object and actor."""

    NOBODY = ""
    WORKER = "worker_id"
    INSTITUTION = "institution"


class Way(StrEnum):
    """How somebody acts in a worker's place."""

    WINDOW = "window"
    """窗口代办: a clerk, for the worker who stands there with card and document."""
    HELPER = "helper"
    """亲情代办: a person the worker named, with recorded consent."""
