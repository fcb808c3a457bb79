"""The words of the pages: the browser's language, direction, the site's own words and languages, what -t says of them,
and the provider's brand."""

import html
import json
import os
import re
import shutil
import subprocess

import pytest

from harness import entra
from harness.browser import Browser
from harness.journey import Customer
from harness.process import TOP, program, wait_for
from harness.site import USER, Site
from harness.watch import running

LANGUAGES = {"en": "ltr", "de": "ltr", "fr": "ltr", "es": "ltr", "he": "rtl"}
TEMPLATES = os.path.join(TOP, "conf", "templates")
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><rect width="4" height="4"/></svg>'


def plain(text):
    """With single spaces, as a page's text is compared."""
    return " ".join(text.split())


def words(language):
    """A shipped catalog: {name: text}."""
    with open(os.path.join(TEMPLATES, "words." + language), encoding="utf-8") as file:
        text = re.sub(r"\n[ \t]+", " ", file.read())
    return {name: plain(value) for name, value in re.findall(r"^(\w+) = ?(.*)$", text, re.M)}


@pytest.fixture(scope="module")
def site():
    with running(Site(daemons=("store", "tokend", "wizard"), relay=False)) as started:
        started.entra.consent()
        yield started


@pytest.fixture
def customer(site, request):
    name = request.node.name.translate(str.maketrans("", "", "[]/ "))
    mailbox = name + "@customer.test"
    site.cli("-i", input="%s %s m365_admin_email=%s\n" % (name, mailbox, entra.SERVICE),
             check=True)
    invited = Customer(site, site.cli("-n", name, check=True).stdout.strip())
    invited.name = name
    return invited


def get(url, language, browser=None):
    return (browser or Browser()).get(url, **{"Accept-Language": language})


def check_page(page, language):
    assert '<html lang="%s" dir="%s">' % (language, LANGUAGES[language]) in page.body
    assert words(language)["skip"] in page.text
    assert "{{" not in page.body and "<bdi></bdi>" not in page.body
    others = [words(other)["skip"] for other in LANGUAGES if other != language]
    assert not [other for other in others if other in page.text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_journey_in_each_language(site, customer, language):
    """Welcome, code, refused, withdrawn, not found: each page in the language, and /status too."""
    theirs, browser = words(language), Browser()
    page = get(customer.link, language, browser)
    check_page(page, language)
    assert theirs["welcome_heading"] in page.text and theirs["button_start"] in page.text
    assert theirs["permission_user_read_all"] in page.text
    assert any(theirs["month_%d" % month] in page.text for month in range(1, 13))
    assert "<bdi>%s</bdi>" % entra.SERVICE in page.body

    browser.submit(page, "/start")
    page = get(customer.link, language, browser)
    check_page(page, language)
    assert theirs["code_heading"] in page.text and theirs["copy"] in page.text
    code = json.loads(get(customer.link + "/status", language, browser).body)["user_code"]
    assert " ".join(code) in page.text

    site.watch.announce("tokend")
    site.entra.sign_in(code, "second@customer.test")
    wait_for("the refusal", lambda: site.record(customer.name).get("last_error"))
    page = get(customer.link, language, browser)
    check_page(page, language)
    notice = re.search(r'role="alert"(.*?)</p>', page.body).group(1)
    assert "second@customer.test" in notice and "lang=" not in notice
    message = json.loads(get(customer.link + "/status", language, browser).body)["message"]
    assert plain(message).startswith(theirs["started_heading"] + ": ")
    assert message == html.unescape(re.search('data-message="(.*?)"', page.body).group(1))
    if language != "en":
        assert "signed in" not in page.text and "signed in" not in message

    site.cli("-d", site.record(customer.name)["id"], check=True)
    page = get(customer.link, language, browser)
    check_page(page, language)
    assert page.status == 410 and theirs["revoked_heading"] in page.text
    page = get(site.wizard_url + "/i/x", language, browser)
    check_page(page, language)
    assert page.status == 404 and theirs["not_found_heading"] in page.text


def test_browsers_choice(site, customer):
    for header, language in (("de-CH, fr;q=0.9", "de"), ("da, he;q=0.2, *;q=0.1", "he"),
                             ("fr;q=0.3, es;q=0.31", "es"), ("xx", "en"), ("", "en"),
                             ("iw-IL, iw;q=0.9", "he"), ("de;q=0, xx", "en"),
                             (",;q=,,\t=%00" + "x," * 500, "en")):
        check_page(get(customer.link, header), language)
    assert '<html lang="en"' in Browser().get(customer.link).body, "no header at all"


def test_words_stay_together():
    """The shipped catalogs have the same names and the same values in each text."""
    english = words("en")
    for language in LANGUAGES:
        theirs = words(language)
        assert list(theirs) == list(english), language
        for name, text in theirs.items():
            if name == "refusal_wrong_account":
                continue
            assert set(re.findall(r"{{\w+}}", text)) == set(
                re.findall(r"{{\w+}}", english[name])), (language, name)


@pytest.fixture
def copy(site):
    """The site's template directory, put back afterwards."""
    directory = os.path.join(site.config, "templates")
    kept = directory + ".kept"
    shutil.copytree(directory, kept)
    config = site.read_config()
    yield directory
    shutil.rmtree(directory)
    os.rename(kept, directory)
    site.write_config(config)
    reload(site)


def reload(site):
    wizard = site.daemons["wizard"]
    offset = len(wizard.text().encode())
    wizard.signal(1)
    wait_for("the reload", lambda: "reload" in wizard.text(offset))
    return wizard.text(offset)


def check(site, *more):
    command = [program("postinvite-wizard"), "-c", site.config, "-t"]
    for setting in more:
        command += ["-o", setting]
    return subprocess.run(command, capture_output=True, text=True, timeout=20)


def put(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)
    shutil.chown(path, USER)


def test_language_dropped_in(site, customer, copy):
    """Dutch, of which only a few words are there: the rest is English, and -t says which."""
    put(copy, "words.nl", "direction = ltr\nwelcome_heading = Verbind uw Microsoft 365\n")
    site.watch.announce("words.nl: .* is missing")
    result = check(site)
    assert result.returncode == 0
    assert re.search(r"words\.nl: button_start is missing, English is shown for it", result.stderr)
    reload(site)
    page = get(customer.link, "nl-BE, de;q=0.5")
    assert '<html lang="nl" dir="ltr">' in page.body
    assert "Verbind uw" in page.text and "Start authentication" in page.text
    assert check(site, "default_language=nl").returncode == 0
    result = check(site, "default_language=da")
    assert result.returncode == 78 and "default_language: there is no" in result.stderr


def test_reason_for_another_permission(site, customer, copy):
    put(copy, "words.en", "permission_calls_initiate_all = Dial <out> for you.\n")
    site.write_config(site.read_config() + "scopes = openid offline_access Calls.Initiate.All\n")
    site.watch.announce("words.*permission_calls_initiate_all is missing")
    reload(site)
    assert "Dial &lt;out&gt; for you." in get(customer.link, "en").body
    assert "Dial &lt;out&gt; for you." in get(customer.link, "de").body, "English for want of German"


def test_own_english_refusal(site, customer, copy):
    put(copy, "words.fr", "\n")
    path = os.path.join(copy, "words.en")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("refusal_wrong_account =\n",
                                "refusal_wrong_account = Not {{other_account}}, please!\n"))
    reload(site)
    code = customer.start()
    site.watch.announce("tokend")
    site.entra.sign_in(code, "second@customer.test")
    wait_for("the refusal", lambda: site.record(customer.name).get("last_error"))
    assert "Not second@customer.test , please!" in customer.page().text


FAULTS = {
    "unknown name": ("words.de", "hallo = x\n", r"words\.de:\d+: hallo: is no name of words\.en"),
    "twice": ("words.he", "skip = x\n", r"words\.he:\d+: skip: comes twice"),
    "unknown placeholder": ("words.en", "extra = {{nothing}}\n",
                            r"words\.en:\d+: extra: has an unknown placeholder"),
    "bad syntax": ("words.es", "no equals sign\n", r"words\.es:\d+: not of the form"),
    "no such word": ("footer.html", "{{@nothing}}", r"footer\.html:\d+: words\.en has no word for"),
    "no direction": ("words.nl", "direction = down\n", r"words\.nl:1: direction: is neither"),
}


@pytest.mark.parametrize("label", FAULTS)
def test_faults(site, copy, label):
    name, text, said = FAULTS[label]
    put(copy, name, text)
    result = check(site)
    assert result.returncode == 78 and re.search(said, result.stderr), result.stderr
    site.watch.announce("reload refused", said)
    assert "refused" in reload(site)


def test_word_taken_away(site, copy):
    path = os.path.join(copy, "words.en")
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace("revoked_text = ", "revoked_txet = "))
    result = check(site)
    assert result.returncode == 78 and "revoked_text" in result.stderr, result.stderr


def test_brand(site, customer, copy):
    logo = os.path.join(site.config, "logo")
    page = customer.page()
    assert "/static/logo" not in page.body and "mailto:" not in page.body
    assert Browser().get(site.wizard_url + "/static/logo").status == 404
    put(site.config, "logo", LOGO)
    site.write_config(site.read_config() + "brand_name = Voice & <Co>\nbrand_color = #7a1fa2\n"
                      "support_address = help@provider.test\nbrand_logo_file = %s\n" % logo)
    assert (check(site).returncode, check(site).stderr) == (0, "")
    reload(site)
    for url in (customer.link, site.wizard_url + "/i/x"):
        page = Browser().get(url)
        assert "Voice &amp; &lt;Co&gt;" in page.body and "<Co>" not in page.body
        assert 'href="mailto:help@provider.test"' in page.body
        assert 'src="/static/logo" alt=""' in page.body
    answer = Browser().get(site.wizard_url + "/static/logo")
    assert answer.body == LOGO and answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Content-Security-Policy"] == (
        "default-src 'none'; style-src 'unsafe-inline'; sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    style = Browser().get(site.wizard_url + "/static/style.css").body
    assert "--accent: #7a1fa2;" in style and style.count("--accent:") == 2
    os.unlink(logo)


def test_brand_faults(site):
    for setting, said in (
            ("brand_color=#ffcc00", "brand_color: #ffcc00 is too light: .* such as #8f7300"),
            ("brand_color=red", "brand_color: \"red\" is not a colour"),
            ("support_address=x", "support_address: .* neither a mailbox nor an URL"),
            ("support_address=javascript:x@y.z", "support_address: "),
            ("brand_logo_file=/nowhere/logo", "brand_logo_file: open /nowhere/logo: No such file"),
            ("brand_logo_file=" + os.path.join(site.config, "templates", "footer.html"),
             "brand_logo_file: .*footer.html: is none of PNG, JPEG, SVG"),
            ("brand_logo_file=/bin/bash", "brand_logo_file: /bin/bash: over 262144 bytes")):
        result = check(site, setting)
        assert result.returncode == 78 and re.search(said, result.stderr), (setting, result.stderr)
