import { Agent } from 'undici';
import { ADD_ON_KINDS, type Kind } from '../kubernetes/objects/kinds.ts';
import { INGRESS_CLASSES } from '../kubernetes/control/system.ts';
import type { ClusterAccess } from '../kubernetes/kubeconfig.ts';

const anything = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const text = { type: 'string' };
const texts = { type: 'object', additionalProperties: text };

/** The parts of the add-ons' schemas that a branch's overlays are likely to get wrong; the rest takes anything. */
const SPECS: Record<string, object> = {
  SecretProviderClass: {
    type: 'object',
    properties: {
      provider: text,
      parameters: texts,
      secretObjects: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            secretName: text,
            type: text,
            labels: texts,
            annotations: texts,
            data: { type: 'array', items: { type: 'object', properties: { objectName: text, key: text } } },
          },
        },
      },
    },
  },
  HTTPRoute: {
    type: 'object',
    properties: {
      parentRefs: { type: 'array', items: anything },
      hostnames: { type: 'array', items: text },
      rules: { type: 'array', items: anything },
    },
  },
};

/** Installs stand-ins for the custom resource definitions and ingress classes of AKS add-ons, which no plain control plane has. */
export async function installAddOns(access: ClusterAccess): Promise<void> {
  const agent = new Agent({ connect: { ca: access.ca } });
  const headers = { authorization: `Bearer ${access.tokens.admin}`, 'content-type': 'application/apply-patch+yaml' };
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  try {
    for (const [name, controller] of Object.entries(INGRESS_CLASSES)) {
      const answer = await agent.request({
        origin: access.server,
        path: `/apis/networking.k8s.io/v1/ingressclasses/${name}?fieldManager=add-ons&force=true`,
        method: 'PATCH',
        headers,
        body: JSON.stringify({
          apiVersion: 'networking.k8s.io/v1',
          kind: 'IngressClass',
          metadata: { name },
          spec: { controller },
        }),
      });
      const words = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`IngressClass ${name}: ${words}`);
    }
    for (const kind of ADD_ON_KINDS) {
      const crd = definitionOf(kind);
      const url = `${path}/${crd.metadata.name}?fieldManager=add-ons&force=true`;
      const answer = await agent.request({
        origin: access.server,
        path: url,
        method: 'PATCH',
        headers,
        body: JSON.stringify(crd),
      });
      const words = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`${crd.metadata.name}: ${words}`);
    }
    await Promise.all(ADD_ON_KINDS.map((kind) => waitUntilServed(agent, access, kind)));
  } finally {
    await agent.close();
  }
}

function definitionOf({ group, version, kind, plural }: Kind) {
  const schema = { type: 'object', properties: { spec: SPECS[kind] ?? anything, status: anything } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      // *.k8s.io groups want a reviewed definition or this word
      annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests' },
    },
    spec: {
      group,
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      scope: 'Namespaced',
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  };
}

async function waitUntilServed(agent: Agent, access: ClusterAccess, { group, version, plural }: Kind): Promise<void> {
  const end = Date.now() + 20_000;
  for (;;) {
    const answer = await agent.request({
      origin: access.server,
      path: `/apis/${group}/${version}/${plural}`,
      method: 'GET',
      headers: { authorization: `Bearer ${access.tokens.admin}` },
    });
    await answer.body.dump();
    if (answer.statusCode === 200) return;
    if (Date.now() > end) throw new Error(`${plural}.${group} is not served after 20 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
