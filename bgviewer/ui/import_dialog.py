"""The import dialog: what is in a file, how it is read, what that gives."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from bgviewer.io.conventions import NO_CHOICE, Choice
from bgviewer.io.reading_options import choice_values
from bgviewer.session.session import Session
from bgviewer.tasks.file_contents import FileContents
from bgviewer.tasks.import_preview import ImportPreview
from bgviewer.ui.format import counted
from bgviewer.ui.import_form import ChoiceForm
from bgviewer.ui.import_preview import PreviewTable
from bgviewer.ui.theme import FollowsPalette, current_colours

__all__ = ["ImportDialog"]

_PAUSE = 150  # ms without a change before the file is read anew
_RECOGNISED, _CHOSEN = 0, 1


class ImportDialog(FollowsPalette, QDialog):
    """Lets a person override what was recognised in a file.

    Parameters
    ----------
    session : Session
        Looks into the file and reads it, in its lane.
    path : Path
        The file.

    Attributes
    ----------
    contents : FileContents or None
        What the file has; None until it was looked into.
    """

    def __init__(self, session: Session, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._path = session, path
        self._open = True
        self._failed: Choice | None = None
        self.contents: FileContents | None = None
        self.setWindowTitle(self.tr("Read {} as").format(path.name))
        self.resize(780, 640)
        self.heading, self.problem, self.verdict = QLabel(), QLabel(), QLabel()
        for label in (self.heading, self.problem, self.verdict):
            label.setTextFormat(Qt.TextFormat.PlainText)  # headers are not to be trusted
            label.setWordWrap(True)
        self.heading.setText(self.tr("Looking into {}…").format(path.name))
        self.hdus = self._make_table()
        self.form = ChoiceForm()
        self.form.setEnabled(False)
        self.preview = PreviewTable()
        self._make_scope()
        self._make_buttons()
        self._place()
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE)
        self._pause.timeout.connect(self._ask_preview)
        self.form.changed.connect(self._on_form)
        self.finished.connect(self._on_finished)
        self.begin_following()
        session.file_reading.look(path, self._take_contents)
        session.file_reading.preview(path, NO_CHOICE, self._take_recognised, "recognised")

    # ------------------------------------------------------------ building

    def _make_table(self) -> QTableWidget:
        table = QTableWidget(0, 4)
        table.setHorizontalHeaderLabels(
            [self.tr("HDU"), self.tr("Name"), self.tr("Kind"), self.tr("Size")]
        )
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setAlternatingRowColors(True)
        table.setShowGrid(False)
        table.setAccessibleName(self.tr("Contents of the file"))
        text = self.tr(
            "The HDUs of the file. A double click, or Enter, takes an image as the exposure's. "
            "Example: double-click S3 to match the third CCD of a raw file."
        )
        table.setWhatsThis(f"<p>{text}</p>")
        table.setToolTip(f"<p>{text}</p>")
        table.cellActivated.connect(self._on_hdu)
        columns, rows = table.horizontalHeader(), table.verticalHeader()
        assert columns is not None and rows is not None
        columns.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        columns.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        rows.hide()
        rows.setDefaultSectionSize(table.fontMetrics().height() + 6)
        table.setMinimumHeight(table.fontMetrics().height() * 6)
        return table

    def _make_scope(self) -> None:
        self.scope = QComboBox()
        self.scope.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.scope.setAccessibleName(self.tr("Files to read so"))
        self.remember = QCheckBox(self.tr("&Remember"))
        self.remembered = QLabel()
        self.remembered.setTextFormat(Qt.TextFormat.PlainText)
        self.remembered.setWordWrap(True)
        self.remembered.hide()
        self.forget = QPushButton(self.tr("&Forget"))
        self.forget.setAutoDefault(False)
        self.forget.clicked.connect(self._forget)
        self.forget.hide()
        for part, text in (
            (
                self.scope,
                self.tr(
                    "Reads only this file as chosen, or all of the stack that have the same "
                    "instrument and the same HDUs; names of side-cars follow. Example: HDU 3 of "
                    "all 20 raw files."
                ),
            ),
            (
                self.remember,
                self.tr(
                    "Reads later files of this instrument and layout alike, too, and says so. "
                    "Example: next month's DECam files open with the same CCD. The command line "
                    "does so with --remembered."
                ),
            ),
            (
                self.forget,
                self.tr(
                    "Reads files of this instrument as recognised again from the next load on. "
                    "Example: after the pipeline began to write variances."
                ),
            ),
        ):
            part.setToolTip(f"<p>{text}</p>")
            part.setWhatsThis(f"<p>{text}</p>")

    def _make_buttons(self) -> None:
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.read_button = QPushButton(self.tr("Read as chosen"))
        self.read_button.setDefault(True)
        self.read_button.setEnabled(False)
        self.plain_button = QPushButton(self.tr("All as recognised"))
        self.plain_button.setAutoDefault(False)
        text = self.tr("Puts every field back. Example: to undo what was remembered for one file.")
        self.plain_button.setToolTip(text)
        self.plain_button.setWhatsThis(text)
        role = QDialogButtonBox.ButtonRole
        self.buttons.addButton(self.read_button, role.AcceptRole)
        self.buttons.addButton(self.plain_button, role.ResetRole)
        self.plain_button.clicked.connect(lambda: self._set(NO_CHOICE))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _place(self) -> None:
        scope, memory = QHBoxLayout(), QHBoxLayout()
        label = QLabel(self.tr("Read &so"))
        label.setBuddy(self.scope)
        scope.addWidget(label)
        scope.addWidget(self.scope)
        scope.addSpacing(12)
        scope.addWidget(self.remember)
        scope.addStretch(1)
        memory.addWidget(self.remembered, 1)
        memory.addWidget(self.forget)
        column = QVBoxLayout(self)
        column.addWidget(self.heading)
        column.addWidget(self.problem)
        column.addWidget(self.hdus, 1)
        column.addWidget(self.form)
        column.addWidget(self.preview, 2)
        column.addLayout(scope)
        column.addLayout(memory)
        column.addWidget(self.verdict)
        column.addWidget(self.buttons)
        self.problem.hide()
        self.preview.wait(_RECOGNISED)

    # ------------------------------------------------------------ news

    def _on_finished(self) -> None:
        self._open = False  # answers of the lane may still be on their way

    def _take_contents(self, contents: FileContents) -> None:
        if not self._open:
            return
        self.contents = contents
        who = contents.who
        words = [contents.path.name]
        if who is not None:
            words += [w for w in (who.instrument, who.telescope) if w]
            convention = contents.recognised.get("convention") or who.convention
            words.append(self.tr("recognised as {}").format(convention or self.tr("nothing known")))
        self.heading.setText(" · ".join(words))
        self.problem.setText(f"⚠ {contents.problem}")
        self.problem.setVisible(bool(contents.problem))
        self.hdus.setRowCount(len(contents.hdus))
        for row, hdu in enumerate(contents.hdus):
            for column, text in enumerate((str(hdu.index), hdu.name, hdu.kind, hdu.size)):
                self.hdus.setItem(row, column, QTableWidgetItem(text))
        self._show_scope(contents)
        self.form.setEnabled(who is not None)
        self.form.fill(contents)
        self.form.image_box.setFocus()

    def _show_scope(self, contents: FileContents) -> None:
        like, who = len(contents.same), contents.who
        title = "" if who is None else who.title
        files = counted(like + 1, self.tr("file"), self.tr("files"))
        self.scope.clear()
        self.scope.addItem(self.tr("this file"), False)
        if like:
            self.scope.addItem(self.tr("all {} of {}").format(files, title), True)
            self.scope.setCurrentIndex(1)
        self.remember.setText(self.tr("&Remember for {}").format(title))
        can = who is not None and self._session.file_reading.memory_file is not None
        self.remember.setVisible(can)
        entry = contents.remembered
        self.forget.setVisible(entry is not None)
        self.remembered.setVisible(entry is not None)
        if entry is not None:
            told = ", ".join(f"{key} {value}" for key, value in choice_values(entry.choice).items())
            text = self.tr("Remembered on {}: {}").format(entry.date, told or "as recognised")
            self.remembered.setText(text)

    def _on_hdu(self, row: int, column: int) -> None:
        del column
        if self.contents is None:
            return
        number = self.contents.hdus[row].index
        for at in range(1, self.form.image_box.count()):
            if self.form.image_box.itemData(at)[0] == number:
                self.form.image_box.setCurrentIndex(at)
                return

    def _on_form(self) -> None:
        problem = self.form.problem
        self._say(problem)
        if not problem:
            self.preview.wait(_CHOSEN)
            self._pause.start()

    def _set(self, choice: Choice) -> None:
        self.form.set_choice(choice)

    def _ask_preview(self) -> None:
        choice = self.form.choice()

        def take(preview: ImportPreview) -> None:
            if self._open and choice == self.form.choice():
                self.preview.show_preview(_CHOSEN, preview)
                self._say(self._told(preview.problem, choice))

        self._session.file_reading.preview(self._path, choice, take)

    def _take_recognised(self, preview: ImportPreview) -> None:
        if self._open:
            self.preview.show_preview(_RECOGNISED, preview)

    def _told(self, problem: str, choice: Choice) -> str:
        """Say it shorter where it stands above already."""
        asked = bool(problem) and self.contents is not None and problem == self.contents.problem
        return self.tr("Choose an image.") if asked and choice.hdu is None else problem

    def _say(self, problem: str) -> None:
        """Say what forbids reading the file so, or nothing."""
        self.verdict.setText(f"✕ {problem}" if problem else "")
        self.read_button.setEnabled(not problem)

    def follow_palette(self) -> None:
        """Take the colours of the palette."""
        self.problem.setStyleSheet(f"color: {current_colours().warning};")
        self.verdict.setStyleSheet(f"color: {current_colours().bad};")

    # ------------------------------------------------------------ wishes

    def choice(self) -> Choice:
        """What is chosen."""
        return self.form.choice()

    def _forget(self) -> None:
        if self.contents is None or self.contents.who is None:
            return
        if self._session.file_reading.forget(self.contents.who):
            self.forget.hide()
            self.remembered.setText(self.tr("Forgotten; files already read stay as they are."))

    def accept(self) -> None:
        """Hand the choice over: to this file or all like it, and to the memory if wanted."""
        contents = self.contents
        if contents is None or contents.who is None or self.form.problem:
            return
        reading, choice = self._session.file_reading, self.form.choice()
        others = contents.same if self.scope.currentData() else ()
        if self.remember.isChecked():
            reading.remember(contents.who, self._path, choice)
        reading.choose(self._path, choice, others)
        super().accept()
