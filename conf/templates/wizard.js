/*
 * What the pages gain from a script; all of them work without it. The page is made by the server: when the
 * journey has moved on, the script has the browser load it again. Its words are in the page, too.
 */
(function () {
	"use strict";

	var main = document.getElementById("main");
	var data = main ? main.dataset : {};
	var pressed = false;

	function element(id) {
		return document.getElementById(id);
	}

	function leave() {
		window.location.replace(data.page);
	}

	function copy(text, place) {
		copyText(text, function (copied) {
			place.textContent = copied ? place.dataset.copied : place.dataset.notCopied;
		});
	}

	function copyCode() {
		copy(data.code, element("copied"));
	}

	function offerCopy() {
		var button = element("copy");
		var open = element("open");

		button.hidden = false;
		button.addEventListener("click", copyCode);
		if (open) {
			open.textContent = open.dataset.withCopy;
			open.addEventListener("click", copyCode);
		}
	}

	function offerNote() {
		var button = element("copy_note");

		button.hidden = false;
		button.addEventListener("click", function () {
			copy(element("note").textContent.trim(), element("note_copied"));
		});
	}

	/* A time that runs on while the machine sleeps: counted from a clock, not in ticks. */
	function countDown() {
		var place = element("time_left");
		var end = Date.now() + Number(place.dataset.seconds) * 1000;

		function show() {
			var left = Math.round((end - Date.now()) / 1000);
			var seconds = left % 60;

			if (left <= 0) {
				leave();
				return;
			}
			place.textContent = Math.floor(left / 60) + ":" + (seconds < 10 ? "0" : "") + seconds;
			window.setTimeout(show, 1000);
		}
		show();
	}

	/* Live updates: a long poll at a time. */

	/* What a press changes must not take the page away before its own answer does. */
	function press() {
		pressed = true;
		window.setTimeout(function () {
			pressed = false;
		}, 40000);
	}

	/* Back from where a button led to: the page is as it was then. */
	function comeBack(event) {
		if (event.persisted) {
			leave();
		}
	}

	function moved(answer) {
		return answer.status !== data.status || answer.message !== data.message
			|| (answer.user_code || "") !== data.code;
	}

	function poll(revision) {
		var again = 1000;

		fetch(data.poll + "?since=" + revision, {cache: "no-store", credentials: "same-origin"})
			.then(function (response) {
				if (!response.ok) {
					throw new Error(response.status);
				}
				return response.json();
			})
			.then(function (answer) {
				element("live").textContent = "";
				if (moved(answer) && !pressed) {
					element("live").textContent = answer.message;
					leave();
					return;
				}
				window.setTimeout(poll, again, answer.revision);
			})
			.catch(function () {
				element("live").textContent = element("live").dataset.interrupted;
				window.setTimeout(poll, 10 * again, revision);
			});
	}

	if (data.code) {
		/* The page may be the answer of a form: a reload should not send it again. */
		window.history.replaceState(null, "", data.page);
		offerCopy();
		countDown();
	}
	if (element("note")) {
		offerNote();
	}
	if (data.page) {
		document.addEventListener("submit", press);
		window.addEventListener("pageshow", comeBack);
	}
	if (data.poll) {
		poll(data.revision);
	}
	if (data.retry) {
		window.setTimeout(leave, 1000 * data.retry);
	}
}());
