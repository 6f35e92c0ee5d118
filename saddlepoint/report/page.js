/* Turns the list of sample pictures into one picture with a slider. Without scripts the list itself is shown. */
const time = document.getElementById("time");
if (time) {
  const frames = [...time.querySelectorAll("li")];
  const player = document.createElement("div");
  player.className = "player";
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: frames.length - 1, step: 1 });
  slider.setAttribute("aria-label", "Step of the samples");
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Play" });
  player.append(button, slider);
  time.prepend(player);
  time.classList.add("playing");

  const show = (index) => {
    frames.forEach((frame, position) => frame.classList.toggle("shown", position === index));
    slider.value = index;
    slider.setAttribute("aria-valuetext", `${frames[index].dataset.step} steps`);
  };
  let timer = null;
  const pause = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
  };
  slider.addEventListener("input", () => { pause(); show(Number(slider.value)); });
  button.addEventListener("click", () => {
    if (timer !== null) return pause();
    if (Number(slider.value) === frames.length - 1) show(0);
    button.textContent = "Pause";
    timer = setInterval(() => {
      const next = Number(slider.value) + 1;
      if (next < frames.length) show(next);
      if (next >= frames.length - 1) pause();
    }, 500);
  });
  show(frames.length - 1);
}
