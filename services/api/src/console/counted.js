const NUMBER = new Intl.NumberFormat("en-US");

/**
 * @param {number} count
 */
export function number(count) {
  return NUMBER.format(count);
}

/**
 * "1 request", "1,200 requests".
 *
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function counted(count, one, many = `${one}s`) {
  return `${NUMBER.format(count)} ${count === 1 ? one : many}`;
}
