/** The request that a first try sends. Its accents show at once whether every part kept them. */
export const EXAMPLE_REQUEST = JSON.stringify({
  to: "destinataire@example.com",
  subject: "Réunion d'équipe à 14 h",
  message: "Ceci est un brouillon généré automatiquement.",
});

/** The old function's call, ready to paste into a POSIX shell. */
export function postCommand(apiUrl: string): string {
  return `curl -X POST ${apiUrl}/ -H 'Content-Type: application/json' -d ${shellQuote(EXAMPLE_REQUEST)}`;
}

/** One word for a POSIX shell, whatever it holds. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
