# syntax=docker/dockerfile:1
FROM debian:bookworm-slim AS build
WORKDIR /src
COPY script/lib.sh script/bootstrap script/packages.txt script/
RUN script/bootstrap && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DPLUMBLINE_TESTS=OFF -DPLUMBLINE_BENCH=OFF && cmake --build build/release --target plumbline plumb

FROM debian:bookworm-slim
RUN apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
      ca-certificates curl libcurl4 libfmt9 liblz4-1 libpq5 libprometheus-cpp-core1.0 libpugixml1v5 librdkafka1 libsimdjson14 libsodium23 libspdlog1.10 libsqlite3-0 \
      libssl3 libtomlplusplus3 libzstd1 openssl zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/plumbline --create-home plumbline
COPY --from=build /src/build/release/bin/plumbline /src/build/release/bin/plumb /usr/local/bin/
USER plumbline
WORKDIR /var/lib/plumbline
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
ENTRYPOINT ["plumbline"]
CMD ["up"]
