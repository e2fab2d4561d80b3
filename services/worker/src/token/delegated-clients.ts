import type { GoogleTransport } from "../google/google-transport.ts";
import { DelegatedClient, type MintToken } from "./delegated-client.ts";

/** The clients of the mailboxes worked for lately; each holds its mailbox's token. */
export interface DelegatedClients {
  /** The mailbox's client, the same one for as long as it is not forgotten or crowded out. */
  clientFor<Mailbox extends string>(mailbox: Mailbox): DelegatedClient<Mailbox>;
  /** Drops this very client, whose token Gmail refused; one that has already replaced it stays. */
  forget(client: DelegatedClient<string>): void;
}

/** Past `max` mailboxes the one that was longest unused goes; it costs two calls to come back. */
export function createDelegatedClients(mint: MintToken, transport: GoogleTransport, max: number): DelegatedClients {
  // A Map remembers the order of insertion: the first key is the longest unused one.
  const clients = new Map<string, DelegatedClient<string>>();
  return {
    clientFor<Mailbox extends string>(mailbox: Mailbox) {
      // Only a client of this mailbox is ever put under its name.
      const known = clients.get(mailbox) as DelegatedClient<Mailbox> | undefined;
      const client = known ?? new DelegatedClient(mailbox, mint, transport);
      clients.delete(mailbox);
      clients.set(mailbox, client);
      const [oldest] = clients.keys();
      if (clients.size > max && oldest !== undefined) clients.delete(oldest);
      return client;
    },
    forget(client) {
      if (clients.get(client.mailbox) === client) clients.delete(client.mailbox);
    },
  };
}
