/** Milliseconds of a .NET time span as host.json writes it, `hh:mm:ss`, with days before and a fraction behind if any. */
export function parseTimeSpan(text: string): number {
  const match = /^(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(\.\d{1,7})?$/.exec(text.trim());
  if (!match) throw new Error(`"${text}" is not a time span such as 00:00:30.`);
  const [days = 0, hours = 0, minutes = 0, seconds = 0, fraction = 0] = match.slice(1).map((part) => Number(part ?? 0));
  if (hours > 23 || minutes > 59 || seconds > 59) throw new Error(`"${text}" is not a time span such as 00:00:30.`);
  return Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds + fraction) * 1000);
}
