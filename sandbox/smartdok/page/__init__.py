"""The page of the SmartDok twin for people."""

from flask import Blueprint

page = Blueprint("page", __name__)
