import { readdirSync, readFileSync } from "node:fs";

/**
 * User and system time of a process: what the scheduler has counted for each of its threads, in nanoseconds
 * (https://docs.kernel.org/scheduler/sched-stats.html). A thread that has ended is left out, and Node's stay. NaN once the
 * process is gone. `/proc/PID/stat` would do for long windows: it counts in hundredths of a second.
 */
export function cpuMsOf(pid: number): number {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`);
    return tasks.reduce((sum, task) => {
      const [onCpuNs = "0"] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, "latin1").split(" ");
      return sum + Number(onCpuNs) / 1e6;
    }, 0);
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
