/*
 * Copying, for the customer's and the operator's pages; put before wizard.js and admin.js. tell(copied) is called once.
 */
var copyText = (function () {
	"use strict";

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

	return function (text, tell) {
		if (navigator.clipboard && window.isSecureContext) {
			navigator.clipboard.writeText(text).then(function () {
				tell(true);
			}, function () {
				tell(copySelection(text));
			});
		} else {
			tell(copySelection(text));
		}
	};
}());
