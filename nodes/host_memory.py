"""Where networks run and when they leave, agreed with ComfyUI's own memory management where there is one.

To ComfyUI each network that comes and goes is one more loaded model: it frees memory for ours before our
weights come, lists ours, and sends ours away when another model needs the room.
"""

from typing import Any
from weakref import WeakKeyDictionary, ref

import torch
from torch import nn

from if_graph.models.placement import Placement, place
from if_graph.residency import NEVER, Room, Stay
from if_graph.residents import Resident
from if_graph.room import Guest

from .host_modules import comfy_module

_FLAGS = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
_PATCHER = "comfy.model_patcher"
UNET, TEXT = "unet", "text_enc"
"""Kinds of networks, as ComfyUI's flags for types call them."""


class SharedRoom(Room):
    """A room whose guests are also loaded models of ComfyUI, where there is one."""

    def __init__(self) -> None:
        super().__init__()
        self._tenants: WeakKeyDictionary[Resident, Any] = WeakKeyDictionary()

    def enter(self, guest: Guest) -> None:
        """Send the guest before away, and have ComfyUI make room for this one."""
        super().enter(guest)
        management = comfy_module("comfy.model_management")
        if management is not None and comfy_module(_PATCHER) is not None and isinstance(guest, Resident):
            if guest not in self._tenants:
                self._tenants[guest] = _tenant_class()(guest)
            management.load_models_gpu([self._tenants[guest]])


ROOM = SharedRoom()
"""Where the networks of this process take turns, whichever workflow loads them."""


def stay(offload: str) -> Stay | None:
    """Turn a choice of ``OFFLOADS`` into how long weights stay in this process."""
    return None if offload == NEVER else Stay(offload, ROOM)


def place_here(device: str, dtype: str, offload: str, kind: str = UNET) -> Placement:
    """Choose device and type from what a user wrote; ``auto`` is what the host was started with.

    Args:
        device: one of ``DEVICES``.
        dtype: one of ``DTYPES``.
        offload: one of ``OFFLOADS``.
        kind: ``UNET`` or ``TEXT``.

    Raises:
        InputError: if the device is not there, or the pair cannot run.
    """
    management = comfy_module("comfy.model_management")
    if management is None or device != "auto":
        return place(device, dtype, stay(offload))
    target = _host_device(management, kind)
    chosen = _host_dtype(management, target, kind) if dtype == "auto" else getattr(torch, dtype)
    if target.type == "cpu":
        place("cpu", dtype)  # refuses what a CPU cannot run
    return Placement(target, chosen, stay(offload))


def _host_device(management: Any, kind: str) -> torch.device:
    chosen = management.text_encoder_device() if kind == TEXT else management.get_torch_device()
    return torch.device(chosen)


def flagged(device: torch.device, kind: str) -> torch.dtype | None:
    """Return the type that ComfyUI's flags, such as ``--fp32-text-enc``, ask for; None if they ask for none.

    Args:
        device: float16 is not asked of a CPU, which has no fast kernels for it.
        kind: as for :func:`place_here`.
    """
    flags = getattr(comfy_module("comfy.cli_args"), "args", None)
    asked = [name for flag, name in _FLAGS.items() if getattr(flags, f"{flag}_{kind}", False)]
    usable = [name for name in asked if (device.type, name) != ("cpu", "float16")]
    return getattr(torch, usable[0]) if usable else None


def _host_dtype(management: Any, device: torch.device, kind: str) -> torch.dtype:
    if device.type == "cpu":
        return flagged(device, kind) or torch.float32
    allowed: torch.dtype = torch.float16 if management.should_use_fp16(device) else torch.float32
    return flagged(device, kind) or allowed


class _Tenancy:
    """What ComfyUI's loader asks of a model, answered for a guest; no method of its own meets a weight."""

    load_device: torch.device
    offload_device: torch.device
    model: nn.Module

    def __init__(self, guest: Resident) -> None:
        own: Any = super()
        listed = type(guest.kind, (nn.Module,), {})  # ComfyUI's log names a model by its class
        self._guest = ref(guest)  # the room forgets this tenant with its guest
        # Older patchers ask for the size while they are made.
        own.__init__(listed(), guest.source.device, torch.device("cpu"), max(guest.size(), 1))

    def model_size(self) -> int:
        guest = self._guest()
        return 0 if guest is None else guest.size()

    def loaded_size(self) -> int:
        guest = self._guest()
        return guest.size() if guest is not None and guest.is_here else 0

    def current_loaded_device(self) -> torch.device:
        return self.load_device if self.loaded_size() else self.offload_device

    def partially_load(self, *_: Any, **__: Any) -> int:
        return 0  # the guest brings its weights itself, as soon as the room has let it in

    def partially_unload(self, *_: Any, **__: Any) -> int:
        return 0  # all or nothing

    def detach(self, *_: Any, **__: Any) -> nn.Module:
        guest = self._guest()
        if guest is not None and guest.is_here:
            guest.let_go()
        return self.model


def _tenant_class() -> Any:
    return type("Tenant", (_Tenancy, comfy_module(_PATCHER).ModelPatcher), {})
