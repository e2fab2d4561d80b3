import { readFileSync } from "node:fs";

/** Linux counts a process's time in hundredths of a second, whatever its own clock runs at (man 5 proc_pid_stat). */
const TICK_MS = 10;

/** User and system time of a process and all its threads, those that have ended too. NaN once it is gone. */
export function cpuMsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name may hold blanks and brackets; what follows its last bracket does not. Fields 14 and 15 of the line.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return Number.NaN;
  }
}

/** What of a process lies in memory now, and the most that ever did, in MB (1,000,000 bytes). */
export function residentMbOf(pid: number): { readonly now: number; readonly most: number } {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const kib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
  return { now: (kib("VmRSS") * 1024) / 1e6, most: (kib("VmHWM") * 1024) / 1e6 };
}
