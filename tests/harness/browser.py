"""A customer's browser without scripts: keeps cookies, follows redirects, fills in forms."""

import html.parser
import http.cookiejar
import ssl
import urllib.error
import urllib.parse
import urllib.request


class Forms(html.parser.HTMLParser):
    """What is on a page: its forms, its links, its visible text."""

    def __init__(self, body):
        super().__init__()
        self.forms, self.text, self.links, self._skip = [], [], [], 0
        self.feed(body)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.forms.append({"action": attrs.get("action", ""), "id": attrs.get("id"),
                               "method": attrs.get("method", "get").lower(), "fields": {},
                               "buttons": []})
        elif tag == "a":
            self.links.append(attrs.get("href", ""))
        elif tag in ("script", "style"):
            self._skip += 1
        elif self.forms and tag == "button" and attrs.get("formaction"):
            # A button that sends the same fields elsewhere: a form of its own here.
            self.forms.append(dict(self.forms[-1], action=attrs["formaction"], buttons=[]))
        elif self.forms and attrs.get("name"):
            form = self.forms[-1]
            if tag == "button" or attrs.get("type") == "submit":
                form["buttons"].append((attrs["name"], attrs.get("value", "")))
            elif tag in ("input", "textarea", "select"):
                form["fields"][attrs["name"]] = attrs.get("value") or ""

    def handle_endtag(self, tag):
        if tag in ("script", "style"):
            self._skip -= 1

    def handle_data(self, data):
        if not self._skip and data.strip():
            self.text.append(" ".join(data.split()))


class Page:
    """An answer: status, headers, url, body, its forms, links and visible text."""

    def __init__(self, response):
        self.status, self.url, self.headers = response.status, response.url, response.headers
        self.body = response.read().decode("utf-8", "replace")
        parser = Forms(self.body)
        self.forms, self.links = parser.forms, parser.links
        self.text = " ".join(parser.text)

    def form(self, part=""):
        """The first form whose action, fields or buttons mention `part`."""
        for form in self.forms:
            if part in form["action"] or part in form["fields"] or \
                    any(part in button for button in form["buttons"]):
                return form
        raise LookupError("no form %r on %s: %s" % (part, self.url, self.text[:500]))


class Browser:
    def __init__(self):
        self.cookies = http.cookiejar.CookieJar()
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies),
            urllib.request.HTTPSHandler(context=context))

    def _open(self, request):
        try:
            return Page(self._opener.open(request, timeout=60))
        except urllib.error.HTTPError as answer:
            return Page(answer)

    def get(self, url, **headers):
        return self._open(urllib.request.Request(url, headers=headers))

    def post(self, url, fields, **headers):
        data = urllib.parse.urlencode(fields).encode()
        return self._open(urllib.request.Request(url, data=data, headers=headers, method="POST"))

    def submit(self, page, form="", button=None, **values):
        """Presses the form's button (its first one, or that with the value `button`)."""
        form = page.form(form)
        fields = dict(form["fields"], **values)
        for name, value in form["buttons"]:
            if button is None or value == button:
                fields[name] = value
                break
        url = urllib.parse.urljoin(page.url, form["action"])
        if form["method"] == "post":
            return self.post(url, fields)
        return self.get(url + "?" + urllib.parse.urlencode(fields))
