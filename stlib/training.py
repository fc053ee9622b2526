"""One loop for a CPU, a GPU, several GPUs and several machines.

What a step does depends on the recipe, the seed and the step's number alone: which clips it reads,
what is asked of them, how fast it learns. So a run can be stopped anywhere and resumed from a file,
and on a CPU the weights at the end are the same to the bit.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from time import monotonic
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Subset

from stlib.artifacts import provenance
from stlib.checkpoints import load_tensors, save_tensors
from stlib.data.clips import Turns
from stlib.extras import load
from stlib.fine_tuning import first_of, take_over
from stlib.recipes import AnyRecipe, ClipRecipe, to_plain
from stlib.runs import Run, locked
from stlib.stages import Stage, View, place
from stlib.tasks import Moment, task_of

__all__ = ["Batches", "Diverged", "Machine", "Outcome", "Precision", "fit", "rebuilt"]

Precision: TypeAlias = Literal["no", "bf16", "fp16"]


class Diverged(ArithmeticError):
    """The loss is no finite number any more."""


@dataclass(frozen=True)
class Machine:
    """How to compute; nothing here changes what is learnt, but for rounding.

    One thing excepted: batch normalisation sees a part of a batch at a time, so `accumulate` and
    the number of processes change what networks learn that have it.

    Attributes:
        cpu: leave a GPU alone.
        precision: 'bf16' or 'fp16' for automatic mixed precision.
        compile: compile a time step, or what reads a whole clip, with torch.compile. A network of
            whole contexts takes several graphs; and where every step adds to the state, as in
            `E3DLSTM`, each step is compiled by itself, which takes long.
        channels_last: the layout in which GPUs convolve frames fastest; None decides by the device.
        accumulate: parts into which a batch is cut, where it does not fit into memory at once.
        workers: processes that prepare batches.
        checkpoint_every: optimiser steps between two checkpoints.
        log_every: optimiser steps between two rows of the log.
        tensorboard: write the log for TensorBoard too.
        progress: show a progress bar.

    Source: this book.
    """

    cpu: bool = False
    precision: Precision = "no"
    compile: bool = False
    channels_last: bool | None = None
    accumulate: int = 1
    workers: int = 0
    checkpoint_every: int = 100
    log_every: int = 10
    tensorboard: bool = False
    progress: bool = False

    def __post_init__(self) -> None:
        least = {"accumulate": 1, "workers": 0, "checkpoint_every": 1, "log_every": 1}
        for name, low in least.items():
            if getattr(self, name) < low:
                raise ValueError(f"{name}={getattr(self, name)}: expected at least {low}")


class Outcome(NamedTuple):
    """Where a training stands when `fit` returns.

    Attributes:
        step: optimiser steps done.
        steps: in all.
    """

    step: int
    steps: int

    @property
    def finished(self) -> bool:
        """Whether the weights are in the run's folder."""
        return self.step == self.steps


class Batches:
    """Which clips each optimiser step reads: a function of the seed and the step.

    Every epoch is a new order of all clips; those that fill no batch at its end wait for the next.

    Args:
        samples: clips there are.
        batch: clips of a step.
        seed: another one gives another order.

    Raises:
        ValueError: a batch that does not fit.

    Source: this book.
    """

    def __init__(self, samples: int, batch: int, seed: int) -> None:
        if not 1 <= batch <= samples:
            raise ValueError(f"{batch=}: expected 1 to the {samples} clips")
        self.samples, self.batch, self.seed = samples, batch, seed
        self.per_epoch = samples // batch
        self._epoch, self._order = -1, np.empty(0, dtype=np.intp)

    def at(self, step: int) -> list[int]:
        """The clips of one step."""
        epoch, place_in_epoch = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            stream = np.random.Philox(np.random.SeedSequence((self.seed, 1, epoch)))
            # argsort of raw bits rather than Generator.permutation, which numpy may change
            self._order = np.argsort(stream.random_raw(self.samples), kind="stable")
            self._epoch = epoch
        first = place_in_epoch * self.batch
        return [int(index) for index in self._order[first : first + self.batch]]


class _Parts:
    """What a loader reads of `Turns`: each step's clips, cut into parts, from step to step."""

    drop_last = False

    def __init__(self, batches: Batches, first: int, last: int, parts: int) -> None:
        self.batches, self.first, self.last, self.parts = batches, first, last, parts
        self.batch_size = batches.batch // parts

    def __len__(self) -> int:
        return (self.last - self.first) * self.parts

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.first, self.last):
            turn = step // self.batches.per_epoch
            clips = [turn * self.batches.samples + clip for clip in self.batches.at(step)]
            for part in range(self.parts):
                yield clips[part * self.batch_size : (part + 1) * self.batch_size]


def rebuilt(recipe: AnyRecipe, weights: Mapping[str, Tensor]) -> nn.Module:
    """The recipe's network with trained weights, on the CPU, in evaluation mode.

    Raises:
        ValueError: weights of another network.

    Source: this book.
    """
    network = recipe.network.build()
    try:
        network.load_state_dict(dict(weights))
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip() if "\n" in str(error) else str(error)
        raise ValueError(f"the weights are of another network: {first}") from error
    return network.eval()


def fit(
    recipe: AnyRecipe,
    folder: str | Path,
    *,
    name: str = "",
    scale: str = "",
    seed: int = 0,
    resume: bool = False,
    machine: Machine = Machine(),
    minutes: float = float("inf"),
    first: str | Path | None = None,
) -> Outcome:
    """Train, or go on training, in one folder.

    Args:
        recipe: what to train.
        folder: of the run; made if it is missing.
        name, scale: of the experiment, for the record.
        seed: of the first weights, the order of clips and the truth matrices.
        resume: go on where the folder's last checkpoint stands.
        machine: how to compute.
        minutes: stop with a checkpoint when they are over, to be resumed.
        first: folder of the run whose weights a fine-tuning begins with; from its first checkpoint
            on it is not needed any more.

    Returns:
        How far it came. Once finished, the folder holds ``network.safetensors``.

    Raises:
        Diverged: the loss is not finite; the message names step, clips and last good checkpoint.
        FileExistsError: the folder holds a run and `resume` is not set, or holds other files.
        BlockingIOError: another process works in the folder.
        ValueError: the folder holds another run; a batch that the parts or processes do not
            divide; clips to be named without labels, or of more or fewer classes than the network
            names; a negative seed; first weights that do not fit.
        FileNotFoundError: no first weights where the recipe wants them.
        ImportError: accelerate or safetensors is missing.
        OSError: the folder cannot be written.

    Source: this book, chapter 5.
    """
    if seed < 0:
        raise ValueError(f"{seed=}, expected 0 or more")
    if not minutes > 0:
        raise ValueError(f"{minutes=}, expected more than 0")
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay theirs
        training = _Training(recipe, folder, seed, machine, first)
        return training.run({"name": name, "scale": scale}, resume, minutes)


class _Training:
    """The objects that one training needs, and the loop over them."""

    def __init__(
        self,
        recipe: AnyRecipe,
        folder: str | Path,
        seed: int,
        machine: Machine,
        first: str | Path | None,
    ) -> None:
        accelerate = load("accelerate", "train")
        # Accelerate keeps the first precision asked for in a process, and refuses another.
        accelerate.state.AcceleratorState._reset_state()
        self.recipe, self.folder, self.seed, self.machine = recipe, Path(folder), seed, machine
        self.accelerator = accelerate.Accelerator(
            cpu=machine.cpu,
            mixed_precision=machine.precision,
            gradient_accumulation_plugin=accelerate.utils.GradientAccumulationPlugin(
                num_steps=machine.accumulate,
                sync_with_dataloader=False,  # the loader is read a whole step ahead
            ),
            dataloader_config=accelerate.DataLoaderConfiguration(split_batches=True),
            log_with="tensorboard" if machine.tensorboard else None,
            project_dir=str(folder),
        )
        processes = self.accelerator.num_processes
        if recipe.batch % (machine.accumulate * processes):
            raise ValueError(
                f"batch={recipe.batch}: expected a multiple of {machine.accumulate} parts "
                f"times {processes} processes"
            )
        self.clips = recipe.data.open("training")
        self.batches = Batches(len(self.clips), recipe.batch, seed)
        self.held_out: Any = None
        if recipe.validation_clips:
            self.held_out = recipe.data.open("validation")
            if recipe.validation_clips > len(self.held_out):
                raise ValueError(
                    f"validation_clips={recipe.validation_clips}: expected 0 to the "
                    f"{len(self.held_out)} there are"
                )
            if recipe.validation_clips < processes:
                raise ValueError(
                    f"validation_clips={recipe.validation_clips}: expected one at least for each "
                    f"of {processes} processes"
                )
        self.task = task_of(recipe)
        self.task.check(self.clips, self.held_out)
        torch.manual_seed(seed)
        self.network = recipe.network.build()
        names = [name for name, _ in self.network.named_parameters()]
        for stage in recipe.stages:
            stage.learns(names)
        self.first: dict[str, Any] = {}
        wanted = recipe.first if isinstance(recipe, ClipRecipe) else None
        if not Run(folder).checkpoints() and (held := first_of(wanted, first)):
            self.first = {"first": take_over(self.network, held, wanted.new if wanted else ())}
        last, layout = machine.channels_last, self.task.layout
        if last and not layout:
            raise ValueError("channels_last=True: expected None or False for whole clips")
        if layout and (last or (last is None and self.accelerator.device.type == "cuda")):
            for weight in self.network.parameters():
                if weight.dim() == 4:  # filters over time have an axis more, and stay as they are
                    weight.data = weight.data.contiguous(memory_format=layout)
        # On the device first: an optimiser made before the move would hold weights left behind.
        self.network.to(self.accelerator.device)
        self.called: Any = self.network
        if machine.compile:
            self.called = torch.compile(self.network, fullgraph=True)
        self.module: Any = None
        self.optimizer: Any = None
        self.validations: list[float] = []
        self.stages: list[dict[str, Any]] = []
        self.asked, self.told = -1, dict[View, dict[str, float]]()
        self.done, self.stage, self.seconds = 0, 0, 0.0

    def run(self, record: Mapping[str, str], resume: bool, minutes: float) -> Outcome:
        if not self.accelerator.is_main_process:
            self.accelerator.wait_for_everyone()  # until the folder is checked
            return self.train(Run(self.folder), minutes)
        with locked(self.folder) as run:
            run.begin(self.about(record), resume)
            self.accelerator.wait_for_everyone()
            return self.train(run, minutes)

    def about(self, record: Mapping[str, str]) -> dict[str, Any]:
        """What the folder says of the run. What stands under 'same' makes it this run."""
        same = {
            "recipe": to_plain(self.recipe),
            "seed": self.seed,
            "data": self.recipe.data.origin()._asdict(),
            "precision": self.machine.precision,
        }
        return {
            **record,
            **self.first,
            "same": same,
            "begun": provenance("", self.accelerator.device),
        }

    def train(self, run: Run, minutes: float) -> Outcome:
        """The loop: from the last checkpoint to the end, or until the time is over."""
        recipe, stages = self.recipe, self.recipe.stages
        start, before = monotonic(), self.restore(run)
        if self.accelerator.is_main_process:
            run.rewind_log(self.done)
        if self.machine.tensorboard:
            self.accelerator.init_trackers("tensorboard")
        bar = load("tqdm", "train").tqdm(
            total=recipe.steps,
            initial=self.done,
            disable=None if self.machine.progress else True,  # None: only where a person looks
            unit="step",
        )
        with bar, self.room_for_graphs():
            for step, parts in self.steps():
                self.stage, within = place(stages, step)
                stage = stages[self.stage]
                if self.optimizer is None or within == 0:
                    self.begin_stage(stage, before if within else None)
                    if within == 0:
                        self.stages.append({"before": self.both(stage)})
                row = self.learn(step, stage, stage.rate_at(within), parts, run)
                self.done = step + 1
                if within == stage.steps - 1:
                    self.stages[-1]["after"] = self.both(stage)
                self.seconds += monotonic() - start
                start = monotonic()
                late = self.late(minutes)
                self.keep(run, row, late)
                bar.update()
                bar.set_postfix(loss=row["loss"], refresh=False)
                if late:
                    break
        outcome = Outcome(self.done, recipe.steps)
        # Here, not in the loop: a run may have been killed between its last checkpoint and this.
        if outcome.finished and self.accelerator.is_main_process:
            about = {"recipe": to_plain(recipe), "seed": self.seed, "step": self.done}
            save_tensors(self.weights(), about, run.network_file)
        if self.machine.tensorboard:
            self.accelerator.end_training()
        return outcome

    def room_for_graphs(self) -> AbstractContextManager[Any]:
        """Let torch.compile make one for every time step and stage.

        So many it needs where each step adds a tensor to the state, as a memory does that recalls
        all of its past. By default it gives up after a few.
        """
        if not self.machine.compile:
            return nullcontext()
        import torch._dynamo  # not at the top: it is slow to import

        config: Any = torch._dynamo.config
        more = self.recipe.data.frames * len(self.recipe.stages)
        return config.patch(
            recompile_limit=config.recompile_limit + more,
            accumulated_recompile_limit=config.accumulated_recompile_limit + more,
        )

    def steps(self) -> Iterator[tuple[int, list[Tensor]]]:
        """Each step that is left, with its clips in parts."""
        parts = self.machine.accumulate
        sampler = _Parts(self.batches, self.done, self.recipe.steps, parts)
        loader = DataLoader(
            Turns(self.clips),
            batch_sampler=sampler,
            num_workers=self.machine.workers,
            pin_memory=self.accelerator.device.type == "cuda",
        )
        feed = iter(self.accelerator.prepare_data_loader(loader))
        for step in range(self.done, self.recipe.steps):
            yield step, [next(feed) for _ in range(parts)]
        next(feed, None)  # to its end, where Accelerate lets go of it

    def begin_stage(self, stage: Stage, state: Mapping[str, Tensor] | None) -> None:
        """Freeze and dilate as the stage asks, and make an optimiser over what learns."""
        self.task.lay_out(self.network, stage.view)
        weights = dict(self.network.named_parameters())
        self.names = stage.learns(list(weights))
        for name, weight in weights.items():
            weight.requires_grad_(name in self.names)
        learning = [weights[name] for name in self.names]
        optimizer = self.recipe.optimizer.over(learning, stage.rate)
        if state:
            held = optimizer.state_dict()
            held["state"] = {
                index: {
                    key.rpartition("/")[2]: tensor
                    for key, tensor in state.items()
                    if key.startswith(f"optimizer/{name}/")
                }
                for index, name in enumerate(self.names)
            }
            optimizer.load_state_dict(held)
        # Anew in every stage: what is distributed must know which weights learn. The former ones
        # go, or Accelerate would scale gradients back once for each.
        self.accelerator._models.clear()
        self.accelerator._optimizers.clear()
        self.module = self.accelerator.prepare_model(self.task.module(self.network, self.called))
        self.optimizer = self.accelerator.prepare_optimizer(optimizer)

    def learn(
        self, step: int, stage: Stage, rate: float, parts: list[Tensor], run: Run
    ) -> dict[str, Any]:
        """One optimiser step."""
        recipe, accelerator, task = self.recipe, self.accelerator, self.task
        epoch, which = step // self.batches.per_epoch, self.batches.at(step)
        drawn = task.draw(Moment(self.seed, step, epoch, self.validations, which, stage.view))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total, norm = torch.zeros((), device=accelerator.device), None
        everywhere = len(parts) * accelerator.num_processes
        self.module.train()
        for number, clips in enumerate(parts):
            with accelerator.accumulate(self.module):
                rows = self.rows(number, len(clips))
                loss = task.loss(self.module, clips, rows, drawn, everywhere)
                accelerator.backward(loss)
                total = total + loss.detach() / len(parts)
                if accelerator.sync_gradients and recipe.clip is not None:
                    norm = accelerator.clip_grad_norm_(self.network.parameters(), recipe.clip)
                value = float(accelerator.reduce(total, "mean")) if self.last(number) else 0.0
                if not isfinite(value):
                    raise Diverged(self.divergence(step, value, run))
                self.optimizer.step()
                self.optimizer.zero_grad()
        return {
            "step": step + 1,
            "clips": (step + 1) * recipe.batch,
            "loss": value,
            "gradient_norm": "" if norm is None else float(norm),
            "rate": rate,
            **task.told(drawn),
        }

    def last(self, part: int) -> bool:
        return part == self.machine.accumulate - 1

    def rows(self, part: int, size: int) -> slice:
        """Which rows of the whole batch's matrix this process's part of the clips are."""
        whole = self.recipe.batch // self.machine.accumulate
        first = part * whole + self.accelerator.process_index * size
        return slice(first, first + size)

    def divergence(self, step: int, value: float, run: Run) -> str:
        kept = run.checkpoints()
        good = kept[-1] if kept else "none yet"
        return (
            f"the loss is {value} at step {step + 1}, on clips {self.batches.at(step)}; last good "
            f"checkpoint: {good}; lower stages.rate or clip"
        )

    def late(self, minutes: float) -> bool:
        """Whether the time is over, for all processes alike."""
        over = torch.tensor(float(monotonic() - self.begun > 60 * minutes))
        return bool(self.accelerator.reduce(over.to(self.accelerator.device), "sum") > 0)

    def keep(self, run: Run, row: dict[str, Any], late: bool) -> None:
        """Validate, log, checkpoint, finish: whatever this step is due for."""
        recipe, machine, finished = self.recipe, self.machine, self.done == self.recipe.steps
        row["validation"] = ""
        if recipe.validation_clips and (finished or self.done % recipe.validate_every == 0):
            row["validation"] = self.validate(recipe.test_view)["loss"]
            self.validations.append(row["validation"])
        row["seconds"] = round(self.seconds, 2)
        if not self.accelerator.is_main_process:
            return
        if finished or row["validation"] != "" or self.done % machine.log_every == 0:
            run.log_row(row)
            if machine.tensorboard:
                numbers = {key: value for key, value in row.items() if value != ""}
                self.accelerator.log(numbers, step=self.done)
        if finished or late or self.done % machine.checkpoint_every == 0:
            run.save_checkpoint(self.done, self.tensors(), self.memory())

    def validate(self, view: View) -> dict[str, float]:
        """The means of what the task tells of held-out clips, asked once a step and view."""
        if self.asked != self.done:
            self.asked, self.told = self.done, {}
        if view not in self.told:
            self.told[view] = self.ask(view)
        return self.told[view]

    @torch.no_grad()
    def ask(self, view: View) -> dict[str, float]:
        """The same, of the weights as they are; always the same clips."""
        recipe, accelerator = self.recipe, self.accelerator
        for buffer in self.network.buffers():  # each process has counted its own clips
            self.broadcast(buffer)
        mine = range(accelerator.process_index, recipe.validation_clips, accelerator.num_processes)
        loader = DataLoader(Subset(self.held_out, list(mine)), batch_size=recipe.batch)
        self.network.eval()
        self.task.lay_out(self.network, view)
        summed: dict[str, Tensor] = {}
        for number, clips in enumerate(loader):
            which = mine[number * recipe.batch : (number + 1) * recipe.batch]
            told = self.task.held_out(self.network, clips.to(accelerator.device), which, view)
            for name, each in told.items():
                part = torch.stack([each.sum(), each.new_tensor(each.numel())])
                summed[name] = summed.get(name, 0) + part
        self.task.lay_out(self.network, recipe.stages[self.stage].view)
        means = {name: accelerator.reduce(each, "sum").tolist() for name, each in summed.items()}
        return {name: total / count for name, (total, count) in means.items()}

    def broadcast(self, buffer: Tensor) -> None:
        """Give every process the first one's, which is what is kept."""
        if self.accelerator.num_processes > 1:
            torch.distributed.broadcast(buffer, src=0)

    def both(self, stage: Stage) -> dict[str, dict[str, float]]:
        """What held-out clips say, seen as in the stage and as in the test."""
        if not self.recipe.validation_clips:
            return {}
        here = self.validate(stage.view)
        same = stage.view == self.recipe.test_view
        return {"stage": here, "test": here if same else self.validate(self.recipe.test_view)}

    def weights(self) -> dict[str, Tensor]:
        return {name: tensor.cpu() for name, tensor in self.network.state_dict().items()}

    def tensors(self) -> dict[str, Tensor]:
        """Weights and the optimiser's moments, by the weights' names."""
        state = self.optimizer.state_dict()["state"]
        moments = {
            f"optimizer/{self.names[index]}/{key}": tensor.cpu()
            for index, entries in state.items()
            for key, tensor in entries.items()
        }
        weights = {f"network/{name}": tensor for name, tensor in self.weights().items()}
        return {**weights, **moments}

    def memory(self) -> dict[str, Any]:
        return {
            "step": self.done,
            "validations": self.validations,
            "stages": self.stages,
            "seconds": self.seconds,
        }

    def restore(self, run: Run) -> dict[str, Tensor] | None:
        """Go back to the last checkpoint; its moments, if the stage goes on."""
        self.begun = monotonic()
        kept = run.checkpoints()
        if not kept:
            return None
        tensors, memory = load_tensors(kept[-1])
        self.done, self.seconds = memory["step"], memory["seconds"]
        self.validations = memory["validations"]
        begun = place(self.recipe.stages, self.done - 1).stage + 1
        self.stages = memory.get("stages", [{} for _ in range(begun)])  # earlier runs kept none
        prefix = "network/"
        self.network.load_state_dict(
            {key.removeprefix(prefix): t for key, t in tensors.items() if key.startswith(prefix)}
        )
        return tensors
