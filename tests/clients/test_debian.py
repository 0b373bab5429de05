"""An image of a distribution's packages is begun here, and is needed by the tests of systemd: others go on meanwhile."""


def test_an_image_of_packages_is_begun(debian):
    assert debian.process.poll() in (None, 0), debian.log.read_text()
