"use strict";

// The document's example of the header; whoever tries a call twice means two operations.
const EXAMPLE_KEY = "new-for-each-operation";

/** A part of the document with its references followed; one that leads back into itself stays as it is. */
function resolved(node, whole, trail) {
  if (Array.isArray(node)) return node.map((item) => resolved(item, whole, trail));
  if (node === null || typeof node !== "object") return node;
  const reference = node.$ref;
  if (typeof reference === "string" && reference.startsWith("#/")) {
    if (trail.includes(reference)) return node;
    const path = reference.slice(2).split("/");
    return resolved(at(whole, path), whole, [...trail, reference]);
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, resolved(value, whole, trail)]));
}

/** A call whose form fields stay empty unless they must be given: Swagger UI would send the word “string” in each. */
function withEmptyFields(operation) {
  for (const [type, { schema }] of Object.entries(operation?.requestBody?.content ?? {})) {
    if (type === "application/json") continue;
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      if (!schema.required?.includes(name) && !("default" in field || "examples" in field)) field.example = "";
    }
  }
  return operation;
}

function at(whole, path) {
  return path.reduce((node, key) => node?.[key], whole);
}

const page = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  presets: [SwaggerUIBundle.presets.apis],
  // Swagger UI's own resolver reads the whole document anew for each call that is opened, which takes seconds.
  plugins: [
    {
      fn: {
        resolveSubtree: async (whole, path) => ({ spec: withEmptyFields(resolved(at(whole, path), whole, [])), errors: [] }),
      },
    },
  ],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
  requestInterceptor: (request) => {
    request.credentials = "omit"; // with them the browser would ask for a password itself when a secret is wrong
    if (request.headers?.["Idempotency-Key"] === EXAMPLE_KEY) {
      const bytes = crypto.getRandomValues(new Uint8Array(16));
      request.headers["Idempotency-Key"] = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    return request;
  },
});

// A link to a call opens it; Swagger UI looks at the address only when it starts.
window.addEventListener("hashchange", () => page.getSystem().layoutActions.parseDeepLinkHash(decodeURIComponent(location.hash)));
