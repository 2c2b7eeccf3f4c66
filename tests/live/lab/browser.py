"""A headless Chromium that is told what to do over a pipe, by the DevTools protocol: one process for many pages.

    with Browser(folder) as browser:
        view = browser.open(file, width=360, scheme="dark")
        view.evaluate("document.title"), view.console, view.requests
        view.close()
    browser.loads()        # what any part of the browser asked for, by its own log of the network
"""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time

CHROMIUM = shutil.which("chromium")
SECONDS = 60  # for one answer, on a busy machine
ABOVE = 10    # descriptors that are none of the two the browser reads its orders from
NOWHERE = "--host-resolver-rules=MAP * ~NOTFOUND"
WORDS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps",
         "--remote-debugging-pipe", NOWHERE)


def above(descriptor):
    """The same, out of the way."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, ABOVE)
    os.close(descriptor)
    return moved


class Browser:
    """One process, ended by leaving the block."""

    def __init__(self, folder):
        self.net_log = folder / "net.json"
        orders, self.orders = map(above, os.pipe())
        self.answers, answers = map(above, os.pipe())
        with open(folder / "browser.log", "wb") as log:
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(
                ["bash", "-c", f'exec "$@" 3<&{orders} 4>&{answers} {orders}<&- {answers}>&-', "bash", CHROMIUM, *WORDS,
                 f"--user-data-dir={folder}/profile", f"--log-net-log={self.net_log}", "about:blank"],
                pass_fds=(orders, answers), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(orders)
        os.close(answers)
        self.number, self.unread, self.told = 0, b"", []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
            self.process.wait(SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            os.close(self.orders)
            os.close(self.answers)

    def read(self, end):
        """The next message."""
        while b"\0" not in self.unread:
            ready, _, _ = select.select([self.answers], [], [], max(0, end - time.monotonic()))
            more = os.read(self.answers, 1 << 20) if ready else b""
            assert more, "the browser ended" if ready else "the browser does not answer"
            self.unread += more
        message, _, self.unread = self.unread.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **values):
        """What the browser answers; what it tells meanwhile is kept."""
        self.number += 1
        order = {"id": self.number, "method": method, "params": values}
        if session:
            order["sessionId"] = session
        text = json.dumps(order).encode() + b"\0"
        while text:
            text = text[os.write(self.orders, text):]
        end = time.monotonic() + SECONDS
        while True:
            message = self.read(end)
            if message.get("id") == self.number:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            self.told.append(message)

    def until(self, method, session):
        """Waits for what it tells of a page, which may have been told already."""
        end = time.monotonic() + SECONDS
        while not any(one.get("method") == method and one.get("sessionId") == session for one in self.told):
            self.told.append(self.read(end))

    def open(self, file, width=1600, scheme="light"):
        return View(self, file, width, scheme)

    def loads(self):
        """After its end: every address that its pages asked the network for. What it asks for itself, has no origin."""
        log = json.loads(self.net_log.read_text(encoding="utf-8"))
        asked = [event["params"] for event in log["events"] if "initiator" in event.get("params", {})]
        return {one["url"] for one in asked if one["initiator"] != "not an origin"}


class View:
    """One file in one tab, of one width, light or dark."""

    def __init__(self, browser, file, width, scheme):
        self.browser, self.address = browser, file.as_uri()
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in "Page", "Network", "Log", "Runtime":
            self.call(f"{domain}.enable")
        self.show(width, scheme)
        self.call("Page.navigate", url=self.address)
        browser.until("Page.loadEventFired", self.session)

    def call(self, method, **values):
        return self.browser.call(method, self.session, **values)

    def show(self, width, scheme="light", media=""):
        """Lays it out anew: on another screen, or as in print."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def told(self, method):
        return [one["params"] for one in self.browser.told
                if one.get("method") == method and one.get("sessionId") == self.session]

    @property
    def console(self):
        """All that its console shows: what was refused, what failed."""
        return ([one["entry"]["text"] for one in self.told("Log.entryAdded")]
                + [str(one["args"]) for one in self.told("Runtime.consoleAPICalled")]
                + [one["exceptionDetails"]["text"] for one in self.told("Runtime.exceptionThrown")])

    @property
    def requests(self):
        """All that the page asked for, itself included."""
        return [one["request"]["url"] for one in self.told("Network.requestWillBeSent")]

    def evaluate(self, expression):
        """The value of an expression in the page, its promise kept."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def screenshot(self, whole=False):
        """PNG, of the window or of the whole page."""
        values = {"captureBeyondViewport": whole}
        if whole:
            size = self.call("Page.getLayoutMetrics")["cssContentSize"]
            values["clip"] = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        return base64.b64decode(self.call("Page.captureScreenshot", format="png", **values)["data"])

    def print(self):
        """PDF, on the paper that the page asks for."""
        return base64.b64decode(self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"])

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
