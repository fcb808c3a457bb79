/*
 * What the operator's pages gain from a script; all of them work without it.
 */
(function () {
	"use strict";

	var say = document.getElementById("say");

	function copy(button) {
		copyText(button.dataset.copy, function (copied) {
			say.textContent = copied ? say.dataset.copied : say.dataset.notCopied;
			button.classList.toggle("done", copied);
			button.focus();
		});
	}

	function offerCopies(root) {
		root.querySelectorAll(".copy").forEach(function (place) {
			place.querySelector("button").hidden = false;
			place.querySelector("input").hidden = true;
		});
	}

	document.addEventListener("click", function (event) {
		var button = event.target.closest("button[data-copy]");

		if (button) {
			copy(button);
		}
	});
	offerCopies(document);

	/* Live pages: what differs is put in place, so that focus, selection and scrolling stay. */

	function keyOf(node) {
		return node.nodeType === Node.ELEMENT_NODE ? node.dataset.id || node.id || "" : "";
	}

	function alike(one, other) {
		return one.nodeName === other.nodeName && keyOf(one) === keyOf(other);
	}

	/* What people open stays open. */
	function takeAttributes(old, fresh) {
		Array.from(fresh.attributes).forEach(function (attribute) {
			if (old.getAttribute(attribute.name) !== attribute.value) {
				old.setAttribute(attribute.name, attribute.value);
			}
		});
		Array.from(old.attributes).forEach(function (attribute) {
			if (!fresh.hasAttribute(attribute.name) && attribute.name !== "open") {
				old.removeAttribute(attribute.name);
			}
		});
	}

	function findAlike(node, fresh) {
		while (node && !alike(node, fresh)) {
			node = node.nextSibling;
		}
		return node;
	}

	function takeChildren(old, fresh) {
		var at = old.firstChild;
		var keys = new Set(Array.from(fresh.childNodes, keyOf));
		var next;

		Array.from(fresh.childNodes).forEach(function (child) {
			var found;

			while (at && !keys.has(keyOf(at))) {
				next = at.nextSibling;
				at.remove();
				at = next;
			}
			found = keyOf(child) ? findAlike(at, child) : at && alike(at, child) ? at : null;
			if (!found) {
				old.insertBefore(document.importNode(child, true), at);
				return;
			}
			if (found === at) {
				at = at.nextSibling;
			} else {
				old.insertBefore(found, at);
			}
			take(found, child);
		});
		while (at) {
			next = at.nextSibling;
			at.remove();
			at = next;
		}
	}

	function take(old, fresh) {
		if (old.nodeType !== Node.ELEMENT_NODE) {
			if (old.nodeValue !== fresh.nodeValue) {
				old.nodeValue = fresh.nodeValue;
			}
		} else if (!old.hasAttribute("data-keep") && !old.isEqualNode(fresh)) {
			takeAttributes(old, fresh);
			takeChildren(old, fresh);
		}
	}

	function get(url, signal) {
		return fetch(url, {cache: "no-store", credentials: "same-origin", signal: signal});
	}

	function parse(text) {
		return new DOMParser().parseFromString(text, "text/html");
	}

	function ask(url, signal) {
		return get(url, signal).then(function (response) {
			if (!response.ok) {
				throw new Error(response.status);
			}
			return response;
		});
	}

	function live(body) {
		var taken = Date.now();
		var faults = 0;

		function show(text) {
			var fresh = parse(text);
			var focused = document.activeElement;

			if (!fresh.body.dataset.live) {
				throw new Error("another page");
			}
			offerCopies(fresh);
			take(document.getElementById("main"), fresh.getElementById("main"));
			if (focused !== document.activeElement && focused.isConnected) {
				focused.focus({preventScroll: true});
			}
			document.title = fresh.title;
			body.dataset.live = fresh.body.dataset.live;
			taken = Date.now();
		}

		function refresh() {
			return ask(location.href).then(function (response) {
				return response.text();
			}).then(show);
		}

		function told(answer) {
			if (faults > 1) {
				say.textContent = "";
			}
			faults = 0;
			/* Also without news: "3 min ago" is soon no longer true. */
			return Promise.resolve(answer.changed || Date.now() - taken > 60000 ? refresh() : null)
				.then(function () {
					setTimeout(poll, answer.pause * 1000);
				});
		}

		function failed() {
			faults += 1;
			if (faults > 1) {
				say.textContent = say.dataset.stale;
			}
			setTimeout(poll, Math.min(faults, 6) * 2000);
		}

		/* A tab in the background asks nothing: browsers have six connections to a server, for all tabs. */
		function poll() {
			var hidden = new AbortController();

			function hide() {
				hidden.abort();
			}

			if (document.hidden) {
				document.addEventListener("visibilitychange", poll, {once: true});
				return;
			}
			document.addEventListener("visibilitychange", hide, {once: true});
			ask("/live?since=" + body.dataset.live + "&id=" + body.dataset.liveId, hidden.signal)
				.then(function (response) {
					return response.json();
				}).then(told).catch(function () {
					if (hidden.signal.aborted) {
						poll();
					} else {
						failed();
					}
				}).finally(function () {
					document.removeEventListener("visibilitychange", hide);
				});
		}

		poll();
	}

	/* A page that is soon there. */
	function soon(seconds) {
		setTimeout(function () {
			get(location.href).then(function (response) {
				if (response.ok) {
					location.reload();
					return;
				}
				soon(seconds);
				response.text().then(function (text) {
					take(document.getElementById("main"), parse(text).getElementById("main"));
				});
			}).catch(function () {
				soon(seconds);
			});
		}, seconds * 1000);
	}

	if (document.body.dataset.live) {
		live(document.body);
	} else if (document.body.dataset.refresh) {
		soon(Number(document.body.dataset.refresh));
	}
}());
