"""What comes in and goes out at the doors of funded projects; amounts are whole fen."""

from marshmallow import fields

from recordsvc.ground.forms import Form, Identifier, Whole, text


class NewProjectForm(Form):
    """A class that is bought whole: whose, its code, by which document, places, price of a head."""

    institution = text(18, 18, required=True)
    course = text(1, 80, required=True)
    title = text(1, 80, required=True)
    doc = text(1, 100, required=True)
    region = text(6, 6, required=True)
    places = Whole(required=True)
    price_fen = Whole(required=True)


class ProjectForm(Form):
    """A project as two officials approved it, and how many heads are claimed for."""

    project_id = Identifier(required=True)
    institution = fields.String(required=True)
    institution_name = fields.String(required=True)
    course = fields.String(required=True)
    title = fields.String(required=True)
    doc = fields.String(required=True)
    region = fields.String(required=True)
    places = fields.Integer(required=True)
    price_fen = fields.Integer(required=True)
    heads = fields.Integer(required=True)
    at_ms = fields.Integer(required=True)


class ProjectsForm(Form):
    """Projects, the newest first."""

    items = fields.List(fields.Nested(ProjectForm), required=True)
