'use strict';
(() => {
  for (const button of document.querySelectorAll('button[data-copy]')) {
    const source = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(source);
        button.textContent = 'Selected';
      }
      setTimeout(() => { button.textContent = 'Copy'; }, 1500);
    });
  }

  // An operation is shown in pictures and tables: pointing at one lights all.
  const places = new Map();
  for (const place of document.querySelectorAll('[data-op]')) {
    const op = place.dataset.op;
    if (!places.has(op)) places.set(op, []);
    places.get(op).push(place);
  }
  const light = (event, on) => {
    const place = event.target.closest('[data-op]');
    if (!place) return;
    for (const other of places.get(place.dataset.op)) other.classList.toggle('lit', on);
  };
  document.addEventListener('mouseover', (event) => light(event, true));
  document.addEventListener('mouseout', (event) => light(event, false));
})();
