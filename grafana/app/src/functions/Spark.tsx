import { useTheme2 } from "@grafana/ui";

const WIDTH = 96;
const HEIGHT = 24;

/** A line of what was in the last hour. */
export function Spark({ values, label }: { values: readonly number[]; label: string }) {
  const theme = useTheme2();
  const most = Math.max(...values, Number.MIN_VALUE);
  const step = WIDTH / Math.max(values.length - 1, 1);
  const points = values.map(
    (value, index) =>
      `${(index * step).toFixed(1)},${(HEIGHT - 2 - (value / most) * (HEIGHT - 4)).toFixed(1)}`,
  );
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={label}>
      <title>{label}</title>
      <polyline
        points={points.join(" ")}
        fill="none"
        stroke={theme.visualization.getColorByName("blue")}
        strokeWidth={1.5}
      />
    </svg>
  );
}
