// Shows and hides the videos of models at once, and keeps the choice in the address.

const form = document.querySelector("[data-models]");
if (form) {
  begin(form, [...form.querySelectorAll("[name=show]")]);
}

function begin(form, boxes) {
  const choose = () => {
    const shown = boxes.filter((box) => box.checked).map((box) => box.value);
    for (const card of document.querySelectorAll("[data-card][data-model]")) {
      card.hidden = !shown.includes(card.dataset.model);
    }
    const address = new URL(location.href);
    address.searchParams.delete("show");
    if (shown.length < boxes.length) {
      shown.forEach((model) => address.searchParams.append("show", model));
    }
    history.replaceState(null, "", address);
    document.dispatchEvent(new Event("cards-changed"));
  };
  const tick = (checked) => {
    boxes.forEach((box) => (box.checked = checked));
    choose();
  };
  form.addEventListener("change", choose);
  form.querySelector("[data-all]").addEventListener("click", () => tick(true));
  form.querySelector("[data-none]").addEventListener("click", () => tick(false));
}
