# SPDX-License-Identifier: Apache-2.0
# docker build -t hwflow .        about 7 GB: PyPI's torch does not load without the CUDA libraries it comes with
# docker run --rm hwflow          builds and verifies the default network for a Pynq-Z2
# docker run --rm hwflow test     runs the tests
# A folder that outlives the container: docker run --rm -v "$PWD/out:/home/hwflow/hwflow/out" hwflow
ARG BASE_IMAGE=debian:bookworm-slim
FROM ${BASE_IMAGE}

RUN apt-get update \
 && apt-get install --yes --no-install-recommends g++ python3 python3-venv tcl \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 hwflow \
 && install --directory --owner=hwflow --group=hwflow /home/hwflow/hwflow
USER hwflow
WORKDIR /home/hwflow/hwflow

# What is installed depends on these files alone, so a change of the sources does not install again.
COPY --chown=hwflow:hwflow hw pyproject.toml README.md ./
RUN mkdir hwflow models build tables results && touch hwflow/__init__.py && PIP_NO_CACHE_DIR=1 ./hw setup

COPY --chown=hwflow:hwflow . .
ENTRYPOINT ["./hw"]
CMD ["build", "--board", "pynq-z2"]
