// Forms marked with data-submit-on-change are sent as soon as a choice is made; the button is for those without us.
// Fields that are typed into are sent with Enter, or when they are left. What is empty, or as it is when nothing is
// said (data-defaults, written like a query), stays out of the address.

for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.addEventListener("change", () => {
    if (form.reportValidity()) {
      form.requestSubmit();
    }
  });
  const defaults = new URLSearchParams(form.dataset.defaults);
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (value === "" || value === defaults.get(name)) {
        event.formData.delete(name);
      }
    }
  });
}
