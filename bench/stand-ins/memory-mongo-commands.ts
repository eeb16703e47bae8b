/** The commands of MongoDB that history uses, on maps. */
export type Command = Record<string, unknown>;
type Doc = Command & { _id: string };
type Value = string | number | boolean;

/** Documents by id, and those of a session together: all that history looks for, apart from lists of sessions. */
class Collection {
  readonly byId = new Map<string, Doc>();
  readonly bySession = new Map<string, Set<Doc>>();

  add(doc: Doc): void {
    this.byId.set(doc._id, doc);
    const { session } = doc;
    if (typeof session !== 'string') return;
    const others = this.bySession.get(session);
    if (others) others.add(doc);
    else this.bySession.set(session, new Set([doc]));
  }
  remove(doc: Doc): void {
    this.byId.delete(doc._id);
    this.bySession.get(String(doc['session']))?.delete(doc);
  }
  find(filter: Command): Doc[] {
    const { _id, session } = filter;
    const one = typeof _id === 'string' ? this.byId.get(_id) : undefined;
    const among = typeof _id === 'string' ? (one ? [one] : []) : typeof session === 'string' ? (this.bySession.get(session) ?? []) : this.byId.values();
    return [...among].filter((doc) => matches(doc, filter));
  }
}

const collections = new Map<string, Collection>();
function collection(name: unknown): Collection {
  const known = collections.get(String(name)) ?? new Collection();
  collections.set(String(name), known);
  return known;
}

function matches(doc: Doc, filter: Command): boolean {
  return Object.entries(filter).every(([field, wanted]) => {
    if (field === '$and') return (wanted as Command[]).every((each) => matches(doc, each));
    if (field === '$or') return (wanted as Command[]).some((each) => matches(doc, each));
    return satisfies(doc[field] as Value, wanted);
  });
}

function satisfies(value: Value, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return value === wanted;
  return Object.entries(wanted).every(([operator, operand]) => {
    switch (operator) {
      case '$lt':
        return value < (operand as Value);
      case '$lte':
        return value <= (operand as Value);
      case '$in':
        return (operand as Value[]).includes(value);
      case '$eq':
        return value === operand;
      default:
        throw new Error(`the stand-in does not know ${operator}`);
    }
  });
}

function sorted(docs: Doc[], sort: Record<string, number>): Doc[] {
  const fields = Object.entries(sort);
  return docs.sort((a, b) => {
    for (const [field, direction] of fields) {
      const [left, right] = [a[field] as Value, b[field] as Value];
      if (left !== right) return left < right ? -direction : direction;
    }
    return 0;
  });
}

const firstBatch = (docs: Command[]): Command => ({ ok: 1, cursor: { id: 0n, ns: 'holdfast.any', firstBatch: docs } });

const commands: Record<string, (command: Command) => Command> = {
  find({ find, filter, sort, limit }) {
    const docs = sorted(collection(find).find((filter ?? {}) as Command), (sort ?? {}) as Record<string, number>);
    return firstBatch(docs.slice(0, Number(limit ?? 0) || undefined).map(({ words: _, ...doc }) => doc));
  },
  insert({ insert, documents }) {
    const into = collection(insert);
    const writeErrors: Command[] = [];
    (documents as Doc[]).forEach((doc, index) => {
      if (into.byId.has(doc._id)) writeErrors.push({ index, code: 11_000, errmsg: 'E11000 duplicate key' });
      else into.add(doc);
    });
    return { ok: 1, n: (documents as Doc[]).length - writeErrors.length, ...(writeErrors.length > 0 && { writeErrors }) };
  },
  update({ update, updates }) {
    let n = 0;
    for (const { q, u } of updates as { q: Command; u: { $set: Command } }[]) {
      for (const doc of collection(update).find(q).slice(0, 1)) {
        Object.assign(doc, u.$set);
        n += 1;
      }
    }
    return { ok: 1, n, nModified: n };
  },
  findAndModify({ findAndModify, query, update }) {
    const among = collection(findAndModify);
    const [there] = among.find(query as Command);
    if (!there) among.add({ ...(query as Command), ...(update as { $setOnInsert: Command }).$setOnInsert } as Doc);
    return { ok: 1, value: there ?? null, lastErrorObject: { n: 1, updatedExisting: there !== undefined } };
  },
  delete({ delete: from, deletes }) {
    let n = 0;
    for (const { q } of deletes as { q: Command }[]) {
      for (const doc of collection(from).find(q)) {
        collection(from).remove(doc);
        n += 1;
      }
    }
    return { ok: 1, n };
  },
  /** Only what counts documents by one field. */
  aggregate({ aggregate, pipeline }) {
    const [{ $match }, { $group }] = pipeline as [{ $match: Command }, { $group: { _id: string } }];
    const counts = new Map<unknown, number>();
    for (const doc of collection(aggregate).find($match)) {
      const key = doc[$group._id.slice(1)];
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return firstBatch([...counts].map(([_id, count]) => ({ _id, count })));
  },
};

const HELLO = { ok: 1, ismaster: true, isWritablePrimary: true, helloOk: true, maxBsonObjectSize: 16_777_216, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000, minWireVersion: 0, maxWireVersion: 21, readOnly: false };

export function answerTo(command: Command): Command {
  const [name = ''] = Object.keys(command);
  if (/^(hello|isMaster|ismaster)$/.test(name)) return { ...HELLO, localTime: new Date() };
  try {
    return commands[name]?.(command) ?? { ok: 1 };
  } catch (error) {
    return { ok: 0, code: 2, codeName: 'BadValue', errmsg: String(error) };
  }
}
