"""Gives each `{prf:proof}` a title of its own, so that `:class: dropdown` can fold it.

sphinx-proof writes "Proof. " into the first sentence and gives all proofs of a page one id.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx_proof.nodes import proof_node

LEAD = "Proof. "


def entitle(app: Sphinx, doctree: nodes.document) -> None:
    """Move the word out of the sentence into a title."""
    for proof in doctree.findall(proof_node):
        (box,) = proof.children
        box["ids"] = []
        lead = next((text for text in box.findall(nodes.Text) if text.startswith(LEAD)), None)
        if lead is not None:
            lead.parent.replace(lead, nodes.Text(lead.removeprefix(LEAD)))
        box.insert(0, nodes.title("", "Proof"))


def setup(app: Sphinx) -> None:
    """Register, to run when a page has been read."""
    app.connect("doctree-read", entitle)
