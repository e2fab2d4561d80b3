/**
 * What the drafts opened so far carry in X-Draftmill-Id (null: nothing). Neither ever changes to this request's id, so a
 * draft costs its 20 quota units once in an instance's life, not once in every search.
 */
export interface DraftMarkers {
  /** `undefined` for a draft that was not opened yet. */
  get(mailbox: string, draftId: string): string | null | undefined;
  set(mailbox: string, draftId: string, marker: string | null): void;
}

/** Past `max` drafts the one opened first is forgotten. */
export function createDraftMarkers(max: number): DraftMarkers {
  const markers = new Map<string, string | null>();
  return {
    get: (mailbox, draftId) => markers.get(`${mailbox} ${draftId}`),
    set(mailbox, draftId, marker) {
      markers.set(`${mailbox} ${draftId}`, marker);
      const [oldest] = markers.keys();
      if (markers.size > max && oldest !== undefined) markers.delete(oldest);
    },
  };
}
