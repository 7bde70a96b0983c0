// Draws the charts of the report; the tables below them say the same without scripts.
(() => {
  "use strict";
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const drawn = [];
  for (const place of document.querySelectorAll("[data-chart]")) {
    const { labels, series, colours } = JSON.parse(place.dataset.chart);
    const text = { color: colour("quiet"), fontSize: 13, fontFamily: getComputedStyle(document.body).fontFamily };
    place.dataset.drawn = "yes"; // shown from here on: what is hidden has no width to draw in
    const chart = echarts.init(place, null, { renderer: "svg" });
    chart.setOption({
      animation: false,
      color: colours.map(colour),
      textStyle: text,
      tooltip: { trigger: "axis", axisPointer: { type: "shadow" } },
      legend: series.length > 1 ? { top: 0, textStyle: text } : undefined,
      grid: { left: 8, right: 24, top: series.length > 1 ? 36 : 12, bottom: 8, containLabel: true },
      xAxis: { type: "value", minInterval: 1, axisLabel: text, splitLine: { lineStyle: { color: colour("line") } } },
      yAxis: { type: "category", inverse: true, data: labels, axisLabel: text, axisLine: { lineStyle: { color: colour("line") } }, axisTick: { show: false } },
      series: series.map(({ name, values }) => ({
        name, type: "bar", data: values, stack: "all", barMaxWidth: 22,
        label: { show: series.length === 1, position: "right", color: text.color },
      })),
    });
    drawn.push(chart);
  }
  window.addEventListener("resize", () => drawn.forEach((chart) => chart.resize()));
})();
