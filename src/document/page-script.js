// Script of a report, inlined in the page. The script needs neither network nor storage.
for (const clip of document.querySelectorAll('.clip')) scrub(clip);
for (const chart of document.querySelectorAll('.chart')) saveAsSvg(chart);

/** Shows the scrubber's step in all panels of a clip. */
function scrub(clip) {
  const [range, play, told] = ['input', '.play', 'output'].map((name) => clip.querySelector(name));
  const steps = [...clip.querySelectorAll('.steps > li')];
  const last = steps.length - 1;
  let timer = null;

  const show = () => {
    const step = Number(range.value);
    const isPredicted = 'predicted' in steps[step].dataset;
    told.textContent = steps[step].textContent;
    told.className = isPredicted ? 'predicted' : 'known';
    range.setAttribute('aria-valuetext', steps[step].textContent);
    clip.classList.toggle('predicting', isPredicted);
    for (const image of clip.querySelectorAll('image')) {
      const { width, height } = image.ownerSVGElement.viewBox.baseVal;
      const columns = Number(image.dataset.columns);
      image.setAttribute('x', -width * (step % columns));
      image.setAttribute('y', -height * Math.floor(step / columns));
    }
    for (const group of clip.querySelectorAll('[data-step]'))
      group.setAttribute('display', Number(group.dataset.step) === step ? 'inline' : 'none');
  };
  const go = (step) => {
    range.value = (step + steps.length) % steps.length;
    show();
  };
  const stop = () => {
    clearInterval(timer);
    timer = null;
    play.textContent = 'Play';
  };
  const toggle = () => {
    if (timer !== null) return stop();
    play.textContent = 'Pause';
    timer = setInterval(() => go(Number(range.value) + 1), 1000 / Number(clip.dataset.rate));
  };

  play.addEventListener('click', toggle);
  range.addEventListener('input', () => {
    stop();
    show();
  });
  // The browser itself moves a focused scrubber by arrows.
  range.addEventListener('keydown', (event) => {
    if (event.key !== ' ') return;
    event.preventDefault();
    toggle();
  });
  play.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Number(range.value), End: last - Number(range.value) }[
      event.key
    ];
    if (step === undefined) return;
    event.preventDefault();
    stop();
    go(Number(range.value) + step);
  });
  show();
}

/** Saves the visible chart as an SVG file with its colours. */
function saveAsSvg(chart) {
  const button = chart.querySelector('.save');
  button.hidden = false;
  button.addEventListener('click', () => {
    const svg = [...chart.querySelectorAll('svg')].find((one) => one.getClientRects().length > 0);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([svg.outerHTML], { type: 'image/svg+xml' }));
    link.download = `${chart
      .querySelector('h3')
      .textContent.replace(/[^\p{L}\p{N}]+/gu, '-')
      .slice(0, 60)}.svg`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}
