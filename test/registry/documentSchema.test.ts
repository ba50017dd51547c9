import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { documentSchemas } from '../../src/registry/documentSchema.js';
import { isMap } from '../../src/registry/jsonSchema.js';
import { SPECS } from './specs.js';

const schemas = Object.entries(documentSchemas(SPECS));

describe.each(schemas)('the schema of %s', (_, schema) => {
  test('is draft-07', () => expect(new Ajv({ strict: false }).validateSchema(schema)).toBe(true));

  test('describes every key and admits no other', () => {
    const silent: string[] = [];
    const visit = (node: unknown, path: string): void => {
      if (!isMap(node)) return;
      if (
        isMap(node.properties) &&
        path !== '' &&
        node.additionalProperties === undefined &&
        !/\/(if|properties)$/.test(path)
      ) {
        if (!/definitions\/[a-z]+(\/else)?$/.test(path)) silent.push(`${path} is open`);
      }
      for (const [key, value] of Object.entries(isMap(node.properties) ? node.properties : {})) {
        if (isMap(value) && typeof value.description !== 'string' && !path.endsWith('/if'))
          silent.push(`${path}/${key}`);
      }
      for (const [key, value] of Object.entries(node)) visit(value, `${path}/${key}`);
      if (Array.isArray(node.allOf))
        for (const [index, value] of node.allOf.entries()) visit(value, `${path}/allOf/${index}`);
    };
    visit(schema, '');
    expect(silent).toEqual([]);
  });
});
