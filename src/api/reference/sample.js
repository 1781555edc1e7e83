// What a value of a type looks like. Where the document has no example, the words for types stand in it, and
// nothing is made up.

const DEPTH_MAX = 4;

function sampleOf(media) {
  const [first] = Object.values(media.examples ?? {});
  return media.example ?? resolved(first)?.value ?? sample(media.schema, 0);
}

function sample(schema, depth) {
  const one = resolved(schema);
  if (one === true) return null;
  if (one.examples) return one.examples[0];
  if ('const' in one) return one.const;
  if (one.enum) return one.enum[0];
  const choice = one.anyOf ?? (one.properties ? null : one.oneOf);
  if (choice) return sample(choice[0], depth);
  const type = [one.type].flat()[0];
  if (type === 'object') return depth < DEPTH_MAX ? sampleObject(one, depth + 1) : {};
  if (type === 'array') return depth < DEPTH_MAX ? sampleList(one, depth + 1) : [];
  return { integer: one.minimum ?? 0, number: 0, boolean: false, null: null }[type] ?? one.format ?? type ?? null;
}

function sampleObject(schema, depth) {
  const fields = Object.entries(schema.properties ?? {}).map(([name, one]) => [name, sample(one, depth)]);
  if (schema.additionalProperties) fields.push(['name', sample(schema.additionalProperties, depth)]);
  return Object.fromEntries(fields);
}

function sampleList(schema, depth) {
  return (schema.prefixItems ?? [schema.items ?? true]).map((one) => sample(one, depth));
}
