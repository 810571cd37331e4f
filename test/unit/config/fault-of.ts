/** Behind the code: every fault of a group in the words that an administrator reads; `none` where it is right. */
export function faultOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}
