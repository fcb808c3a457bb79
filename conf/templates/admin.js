/*
 * What the operator's pages gain from a script; all of them work without it.
 */
(function () {
	"use strict";

	var say = document.getElementById("say");

	/* --- copying --- */

	function copySelection(text) {
		var area = document.createElement("textarea");
		var copied = false;

		area.value = text;
		area.setAttribute("readonly", "");
		area.className = "spoken";
		document.body.appendChild(area);
		area.select();
		try {
			copied = document.execCommand("copy");
		} catch (e) {
			copied = false;
		}
		area.remove();
		return copied;
	}

	function copy(button) {
		function tell(copied) {
			say.textContent = copied ? say.dataset.copied : say.dataset.notCopied;
			button.classList.toggle("done", copied);
			button.focus();
		}

		if (navigator.clipboard && window.isSecureContext) {
			navigator.clipboard.writeText(button.dataset.copy).then(function () {
				tell(true);
			}, function () {
				tell(copySelection(button.dataset.copy));
			});
		} else {
			tell(copySelection(button.dataset.copy));
		}
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
}());
