"""Journeys run in the demo environment on both databases, where people sign in as personas."""

import dataclasses

import pytest
from flask import Flask

from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.settings import Settings
from tests.journeys.desk import Journey


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The demo on loopback."""
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def journey(app: Flask, house: House, clock: FixedClock) -> Journey:
    """Everybody who knocks at the doors of one service."""
    return Journey(app, house, clock)
