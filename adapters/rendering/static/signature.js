// The resident's signature: drawn in a box with a finger, a pen or a mouse, it becomes the picture that the file field beside it
// holds. Dark on white, whatever the page's light.
(() => {
  "use strict";
  const INK = "#10151c";
  const PAPER = "#ffffff";
  let drawing = null;

  const point = (event, canvas) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) * canvas.width) / box.width, ((event.clientY - box.top) * canvas.height) / box.height];
  };

  function blank(canvas) {
    const scale = window.devicePixelRatio || 1;
    canvas.width = Math.round(canvas.clientWidth * scale);
    canvas.height = Math.round(canvas.clientHeight * scale);
    const pen = canvas.getContext("2d");
    pen.fillStyle = PAPER;
    pen.fillRect(0, 0, canvas.width, canvas.height);
    Object.assign(pen, { strokeStyle: INK, lineWidth: 2.5 * scale, lineCap: "round", lineJoin: "round" });
    canvas.dataset.begun = "";
  }

  function clear(canvas) {
    if (!("begun" in canvas.dataset)) return;
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    delete canvas.dataset.begun;
  }

  function take(canvas) {
    const bytes = Uint8Array.from(atob(canvas.toDataURL("image/png").split(",")[1]), (letter) => letter.charCodeAt(0));
    const files = new DataTransfer();
    files.items.add(new File([bytes], canvas.dataset.name, { type: "image/png" }));
    const field = document.getElementById(canvas.dataset.signature);
    field.files = files.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }

  document.addEventListener("pointerdown", (event) => {
    const canvas = event.target.closest?.("[data-signature]");
    if (!canvas || !event.isPrimary) return;
    event.preventDefault();
    if (!("begun" in canvas.dataset)) blank(canvas);
    canvas.setPointerCapture(event.pointerId);
    drawing = canvas;
    const pen = canvas.getContext("2d");
    pen.beginPath();
    pen.moveTo(...point(event, canvas));
    pen.lineTo(...point(event, canvas));
    pen.stroke();
  });
  document.addEventListener("pointermove", (event) => {
    if (!drawing || !event.isPrimary) return;
    const pen = drawing.getContext("2d");
    pen.lineTo(...point(event, drawing));
    pen.stroke();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    document.addEventListener(end, (event) => {
      if (!drawing || !event.isPrimary) return;
      take(drawing);
      drawing = null;
    });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-clear]");
    if (!button) return;
    const field = document.getElementById(button.dataset.clear);
    field.value = "";
    clear(document.querySelector(`[data-signature="${field.id}"]`));
  });
  document.addEventListener("reset", (event) => event.target.querySelectorAll("[data-signature]").forEach(clear));

  // A picture that was chosen, or comes back from the outbox, takes the place of what was drawn; what was drawn stands already.
  document.addEventListener("change", async (event) => {
    const canvas = document.querySelector(`[data-signature="${CSS.escape(event.target.id)}"]`);
    if (!canvas || (!event.isTrusted && "begun" in canvas.dataset)) return;
    clear(canvas);
    const picture = event.target.files[0] && (await createImageBitmap(event.target.files[0]).catch(() => null));
    if (!picture) return;
    blank(canvas);
    const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
    canvas.getContext("2d").drawImage(picture, 0, 0, picture.width * scale, picture.height * scale);
  });
})();
