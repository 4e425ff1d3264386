from pilot import drive, press, settled, text_of

from edt_core.store.home import Home


def test_without_a_project_the_screen_names_the_next_key(tmp_path):
    async def script(pilot, app):
        assert "There is no project yet" in text_of(app)
        assert "n New" in text_of(app)

    drive(tmp_path, script)


def test_a_project_is_made_copied_and_deleted_by_keyboard(tmp_path):
    async def script(pilot, app):
        await press(pilot, "n", *"shop", "enter")
        assert [line.name for line in Home(tmp_path).projects()] == ["shop"]
        await press(pilot, "c", "enter")
        assert [line.name for line in Home(tmp_path).projects()] == ["shop", "shop-copy"]
        assert "shop-copy" in text_of(app)
        await press(pilot, "f8", *"shop", "enter")  # the wrong name deletes nothing
        assert len(Home(tmp_path).projects()) == 2
        await press(pilot, "f8", *"shop-copy", "enter")
        assert [line.name for line in Home(tmp_path).projects()] == ["shop"]

    drive(tmp_path, script)


def test_a_name_that_is_taken_is_an_error_in_place(tmp_path):
    Home(tmp_path).create("shop").close()

    async def script(pilot, app):
        await press(pilot, "n", *"shop", "enter")
        assert "already something named shop" in text_of(app)
        await press(pilot, "question_mark")
        assert "Make an empty project" in text_of(app)
        await press(pilot, "escape")
        await settled(pilot)

    drive(tmp_path, script)
