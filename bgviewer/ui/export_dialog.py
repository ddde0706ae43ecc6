"""The export dialog: where to, what, and why not."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from bgviewer.errors import BgviewerError
from bgviewer.session.session import Session
from bgviewer.tasks.export import ExportPlan, ExportRequest, plan_export
from bgviewer.ui.export_fields import ExportFields
from bgviewer.ui.format import counted
from bgviewer.ui.plain_text import plain_label
from bgviewer.ui.theme import FollowsPalette, current_colours

__all__ = ["ExportDialog"]


class ExportDialog(FollowsPalette, QDialog):
    """Asks for a folder and says beforehand what would be written, or what forbids it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.request: ExportRequest | None = None
        self.setWindowTitle(self.tr("Export matched FITS"))
        self.setMinimumWidth(600)
        self.directory = QLineEdit()
        self.directory.setText(self._proposal())
        self.directory.setAccessibleName(self.tr("Folder"))
        self.directory.setClearButtonEnabled(True)
        browse = QPushButton(self.tr("Browse…"))
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        self.backgrounds = QCheckBox(self.tr("Background models (<name>_background.fits)"))
        self.backgrounds.setChecked(True)
        self.reference = QCheckBox(
            self.tr("The reference too, unchanged, so that the folder is a complete stack")
        )
        self.reference.setChecked(True)
        self.overwrite = QCheckBox(self.tr("Replace files that exist (never an input)"))
        self.fields = ExportFields()
        self._explain(browse)
        self.explanation = QLabel(
            self.tr(
                "All exposures are matched with the present settings, whether they have been "
                "looked at or not, and then written."
            )
        )
        self.explanation.setWordWrap(True)
        self.verdict = QLabel()
        plain_label(self.verdict)
        self.verdict.setWordWrap(True)
        self.verdict.setMinimumHeight(self.verdict.fontMetrics().height() * 3)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.export_button = QPushButton(self.tr("Export"))
        self.export_button.setDefault(True)
        self.buttons.addButton(self.export_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._place(browse)
        self.directory.textChanged.connect(self._judge)
        for box in (self.backgrounds, self.reference, self.overwrite):
            box.toggled.connect(self._judge)
        self.backgrounds.toggled.connect(self.fields.allow_coefficients)
        self.fields.changed.connect(self._judge)
        self._refused = False
        self._judge()
        self.begin_following()

    def _place(self, browse: QPushButton) -> None:
        row = QHBoxLayout()
        row.addWidget(self.directory, 1)
        row.addWidget(browse)
        form = QFormLayout()
        label = QLabel(self.tr("&Folder"))
        label.setBuddy(self.directory)
        form.addRow(label, row)
        form.addRow(self.tr("Write"), self.reference)
        form.addRow("", self.backgrounds)
        form.addRow("", self.fields)
        form.addRow("", self.overwrite)
        column = QVBoxLayout(self)
        column.setSpacing(12)
        column.addWidget(self.explanation)
        column.addLayout(form)
        column.addWidget(self.verdict)
        column.addStretch(1)
        column.addWidget(self.buttons)

    def _explain(self, browse: QPushButton) -> None:
        for part, text in (
            (self.directory, self.tr("Made if it is not there. Example: 'matched' beside the "
                                     "exposures.")),
            (browse, self.tr("Opens a list of folders. Example: to write to another disk.")),
            (self.reference, self.tr("Writes a copy of the reference, marked as such. Example: "
                                     "a coaddition then takes the whole folder.")),
            (self.backgrounds, self.tr("Writes what was added to each exposure as an image. "
                                       "Example: original + background = matched, to the digit.")),
            (self.overwrite, self.tr("Without it an export that would replace a file is refused. "
                                     "Example: on to export anew after a change of binSize.")),
        ):  # fmt: skip
            part.setToolTip(f"<p>{text}</p>")
            part.setWhatsThis(f"<p>{text}</p>")

    def _proposal(self) -> str:
        last = QSettings().value("export/folder", "", str)
        stack = self._session.state.stack
        paths = [e.path for e in stack.stack.entries if e.path is not None] if stack else []
        if paths:
            return str(Path(paths[0]).absolute().parent / "matched")
        return str(last) if last else str(Path.cwd() / "matched")

    def _browse(self) -> None:
        start = Path(self.directory.text() or ".")
        while not start.exists() and start != start.parent:
            start = start.parent
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder to write to"), str(start))
        if chosen:
            self.directory.setText(chosen)

    def _judge(self) -> None:
        """Say what would be written, or refuse with the reason."""
        text = self.directory.text().strip()
        self.request = None
        if not text:
            self._refuse(self.tr("Choose a folder to write to."))
            return
        if self.fields.problem:
            self._refuse(self.fields.problem)
            return
        request = self._session.export_request(
            Path(text).expanduser(),
            overwrite=self.overwrite.isChecked(),
            include_reference=self.reference.isChecked(),
            backgrounds=self.backgrounds.isChecked(),
            **self.fields.options(),
        )
        if request is None:
            self._refuse(self.tr("There is nothing to export."))
            return
        try:
            plan = plan_export(request)
        except BgviewerError as error:
            self._refuse(str(error))
            return
        self.request = request
        # Splines have none.
        self._promise(plan, request.coefficients and self._session.state.config.use_polynomial)

    def _promise(self, plan: ExportPlan, coefficients: bool) -> None:
        self._refused = False
        self.follow_palette()
        parts = [
            counted(len(plan.matched), self.tr("exposure"), self.tr("exposures")),
            counted(
                len(plan.backgrounds), self.tr("background model"), self.tr("background models")
            ),
        ]
        if plan.backgrounds and coefficients:
            parts[-1] += self.tr(" with coefficients")
        if plan.lists:
            lists = (self.tr("BackgroundList"), self.tr("BackgroundLists"))
            parts.append(counted(len(plan.lists), *lists))
        parts += [path.name for path in plan.reports]
        text = self.tr("{} and {} will be written.")
        self.verdict.setText(text.format(", ".join(parts), plan.settings.name))
        self.export_button.setEnabled(True)

    def _refuse(self, reason: str) -> None:
        self._refused = True
        self.follow_palette()
        self.verdict.setText(reason)
        self.export_button.setEnabled(False)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        colours = current_colours()
        self.verdict.setStyleSheet(f"color: {colours.bad if self._refused else colours.text};")

    def accept(self) -> None:
        """Remember the folder and hand over the request."""
        self._judge()
        if self.request is not None:
            QSettings().setValue("export/folder", str(self.request.directory))
            super().accept()
