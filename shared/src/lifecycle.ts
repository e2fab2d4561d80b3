/** Things to close, in the reverse order of their opening. */
export interface Lifecycle {
  /** Call as soon as the thing is open. */
  onClose(close: () => Promise<unknown> | unknown): void;
  /** Closes everything, last opened first, each even if another fails; then throws the first failure. Runs once. */
  close(): Promise<void>;
}

export function createLifecycle(): Lifecycle {
  const closers: (() => Promise<unknown> | unknown)[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    const failures: unknown[] = [];
    for (const close of closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  };
  return {
    onClose(close) {
      closers.push(close);
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

/** Runs `open`; what it had opened is closed again if it fails half-way. */
export async function openOrClose<T>(lifecycle: Lifecycle, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    await lifecycle.close().catch(() => {});
    throw error;
  }
}
