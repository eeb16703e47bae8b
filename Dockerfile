# Holdfast as an image: every service, chosen by SERVICES. Without REDIS_URL one container is the whole product:
#   docker build -t holdfast . && docker run --rm -p 127.0.0.1:3000:3000 -v holdfast-data:/data holdfast
ARG NODE=node:24-alpine

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json moleculer.config.ts ./
COPY types types
COPY scripts scripts
COPY tools tools
COPY services services
COPY src src
COPY public public
RUN npm run build && find dist -name '*.map' -delete

FROM ${NODE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM ${NODE}
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 PROBE_HOST=0.0.0.0 PROBE_PORT=3001 DATA_DIR=/data
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
COPY scripts/*.mjs scripts/
# What the REPL and the audit tools need.
COPY scripts/cluster/*.mjs scripts/cluster/
USER node
EXPOSE 3000 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=3 CMD ["node", "scripts/probe.mjs"]
CMD ["node", "node_modules/moleculer/bin/moleculer-runner.js", "--config", "dist/moleculer.config.js", "dist/services/**/*.service.js"]
