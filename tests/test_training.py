"""Training: the same to the bit however often it is stopped, and on two processes as on one."""

import csv
import multiprocessing
import os
import pickle
import random
import signal
import socket
import subprocess
import sys
import time
import traceback
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from stlib import training
from stlib.data import moving_mnist
from stlib.data.moving_mnist import Preset
from stlib.recipes import Recipe
from stlib.recipes.cells import CausalConv3dCell, ConvLSTMCell, E3DLSTMCell
from stlib.recipes.feeding import ByIteration, OnPlateau, TeacherForcing
from stlib.recipes.networks import StackOf
from stlib.runs import Run
from stlib.stages import Stage
from stlib.training import Batches, Diverged, Machine, fit, rebuilt

TINY = Recipe(
    source="these tests",
    network=StackOf(ConvLSTMCell(kernel=3), hidden=(2, 2)),
    data=Preset(
        20, 4, 4, "these tests", frames=5, canvas=16, shrink=2, speed=(1.0, 2.0), digits="sklearn"
    ),
    feeding=ByIteration(),
    stages=(
        Stage(steps=4, rate=0.02, warmup=2, decay="cosine"),
        Stage(steps=3, rate=0.01, frozen=("embed.*", "cells.0.*")),
    ),
    loss="l1_l2_mean",
    batch=4,
    context=2,
    validate_every=3,
    validation_clips=4,
    test_clips=4,
)
OFTEN = Machine(cpu=True, checkpoint_every=2, log_every=1)

# Children of a process that has imported all of it and computed nothing: quick, and safe to fork.
FORK = multiprocessing.get_context("forkserver")
FORK.set_forkserver_preload(
    ["accelerate", "filelock", "sklearn.datasets", "torch._dynamo", "torch.distributed", __name__]
)


def weights(folder):
    return Run(folder).network()[0]


def same_bits(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def close(one, other):
    return max(float((one[name] - other[name]).abs().max()) for name in one)


def losses(folder):
    return [float(row["loss"]) for row in Run(folder).log()]


# --------------------------------------------------------------------- what one run is


def test_a_run_learns_logs_and_leaves_its_weights(tmp_path):
    recipe = replace(TINY, stages=(Stage(steps=40, rate=0.03),), feeding=TeacherForcing())
    outcome = fit(recipe, tmp_path, seed=1, machine=replace(OFTEN, log_every=10))
    assert outcome == (40, 40)
    assert outcome.finished
    rows = Run(tmp_path).log()
    assert [int(row["step"]) for row in rows if int(row["step"]) % 10 == 0] == [10, 20, 30, 40]
    assert losses(tmp_path)[-1] < 0.6 * losses(tmp_path)[0]
    assert {row["share_true"] for row in rows} == {"1.0"}
    network = rebuilt(recipe, weights(tmp_path))
    assert not network.training
    with pytest.raises(ValueError, match="of another network"):
        rebuilt(replace(TINY, network=StackOf(hidden=(3,))), weights(tmp_path))


def test_the_loop_is_the_plain_one(tmp_path):
    """Against the ten lines that the book derives: no accelerator, no loader, no folder."""
    recipe = replace(TINY, stages=(Stage(steps=5, rate=0.02),), feeding=TeacherForcing(), clip=0.1)
    fit(recipe, tmp_path, seed=3, machine=OFTEN)

    torch.manual_seed(3)
    network = recipe.network.build()
    clips = recipe.data.open("training")
    optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
    plain = []
    for step in range(5):
        frames = torch.stack([clips[index] for index in Batches(20, 4, seed=3).at(step)])
        state, predictions = None, []
        for t in range(4):
            prediction, state = network(frames[:, t], state)
            predictions.append(prediction)
        error = torch.stack(predictions, 1) - frames[:, 1:]
        loss = (error**2 + error.abs()).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 0.1)
        optimizer.step()
        plain.append(loss.item())
    np.testing.assert_allclose(losses(tmp_path), plain, rtol=1e-6)
    assert close(weights(tmp_path), network.state_dict()) < 1e-6


def test_frozen_weights_stand_still_and_the_rate_follows_its_stage(tmp_path):
    short = fit(TINY, tmp_path, machine=replace(OFTEN, checkpoint_every=1), minutes=1e-9)
    assert short == (1, 7)
    for _ in range(3):
        fit(TINY, tmp_path, machine=OFTEN, resume=True, minutes=1e-9)
    before = training.load_tensors(Run(tmp_path).checkpoints()[-1])
    assert before[1]["step"] == 4
    fit(TINY, tmp_path, machine=OFTEN, resume=True)
    for name, after in weights(tmp_path).items():
        moved = not torch.equal(before[0][f"network/{name}"], after)
        assert moved == (not name.startswith(("embed", "cells.0"))), name
    rates = [float(row["rate"]) for row in Run(tmp_path).log()]
    np.testing.assert_allclose(rates[:2], [0.01, 0.02 * (1 + np.cos(np.pi / 4)) / 2])
    assert rates[4:] == [0.01] * 3


def test_workers_parts_and_layout_change_nothing(tmp_path):
    fit(TINY, tmp_path / "plain", machine=OFTEN)
    for name, machine in {
        "workers": replace(OFTEN, workers=1),
        "parts": replace(OFTEN, accumulate=2),
        "layout": replace(OFTEN, channels_last=True),
    }.items():
        fit(TINY, tmp_path / name, machine=machine)
        np.testing.assert_allclose(losses(tmp_path / name), losses(tmp_path / "plain"), rtol=1e-4)
        assert close(weights(tmp_path / name), weights(tmp_path / "plain")) < 1e-4, name
    assert same_bits(weights(tmp_path / "workers"), weights(tmp_path / "plain"))


@pytest.mark.parametrize("cell", [E3DLSTMCell(kernel=3), CausalConv3dCell(3, 2)])
def test_filters_over_time_keep_their_layout(cell, tmp_path):
    """They have five axes, and the layout is one of four; the others take it."""
    recipe = replace(TINY, network=StackOf(cell, hidden=(2, 2)), stages=(Stage(steps=2),))
    fit(recipe, tmp_path / "plain", machine=OFTEN)
    fit(recipe, tmp_path / "layout", machine=replace(OFTEN, channels_last=True))
    assert close(weights(tmp_path / "layout"), weights(tmp_path / "plain")) < 1e-4


GROWING = """
import sys
from dataclasses import replace
from functools import partial
import torch
from stlib.recipes import Recipe
from stlib.recipes.cells import E3DLSTMCell
from stlib.recipes.feeding import TeacherForcing
from stlib.recipes.networks import StackOf
from stlib.data.moving_mnist import Preset
from stlib.stages import Stage
from stlib.training import Machine, fit

torch.compile = partial(torch.compile, backend="eager")
recipe = Recipe(
    source="these tests",
    network=StackOf(E3DLSTMCell(kernel=3), hidden=(2,)),
    data=Preset(
        4, 4, 4, "these tests", frames=13, canvas=16, shrink=2, speed=(1.0, 2.0), digits="sklearn"
    ),
    feeding=TeacherForcing(),
    stages=(Stage(steps=1), Stage(steps=1, frozen=("*.bias",))),
    loss="l2_mean",
    batch=2,
    context=11,
    validate_every=2,
    validation_clips=0,
    test_clips=4,
)
assert fit(recipe, sys.argv[1], machine=Machine(cpu=True, compile=True)).finished
"""


def test_a_state_that_grows_compiles_at_every_step(tmp_path):
    """In a process of its own: the checks of types in tests cannot be compiled."""
    call = [sys.executable, "-c", GROWING, str(tmp_path)]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("loss", ["l2_mean", "l1_l2_per_frame", "l1_l2_sum", "l1_sum"])
def test_a_batch_in_parts_has_the_same_gradient_in_every_convention(loss, tmp_path):
    recipe = replace(TINY, loss=loss, clip=None, stages=(Stage(steps=1),), validation_clips=0)
    for parts in (1, 4):
        fit(recipe, tmp_path / str(parts), machine=replace(OFTEN, accumulate=parts))
    np.testing.assert_allclose(losses(tmp_path / "4"), losses(tmp_path / "1"), rtol=1e-5)
    kept = [Run(tmp_path / str(parts)).checkpoints()[-1] for parts in (1, 4)]
    one, four = (training.load_tensors(path)[0] for path in kept)
    for name in one:
        if name.endswith("exp_avg"):  # a tenth of the gradient, after one step
            torch.testing.assert_close(one[name], four[name], rtol=1e-3, atol=1e-7)


def test_another_precision_may_follow(tmp_path):
    recipe = replace(TINY, stages=(Stage(steps=2),))
    fit(recipe, tmp_path / "full", machine=OFTEN)
    fit(recipe, tmp_path / "half", machine=replace(OFTEN, precision="bf16"))
    full, half = losses(tmp_path / "full"), losses(tmp_path / "half")
    np.testing.assert_allclose(half, full, rtol=2**-6)  # bf16 keeps 8 bits
    assert half != full


def test_tensorboard_gets_the_same_numbers(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    recipe = replace(TINY, stages=(Stage(steps=2),))
    fit(recipe, tmp_path, machine=replace(OFTEN, tensorboard=True))
    (file,) = (tmp_path / "tensorboard").rglob("events.out.*")
    events = EventAccumulator(str(file.parent))
    events.Reload()
    np.testing.assert_allclose([e.value for e in events.Scalars("loss")], losses(tmp_path))


def test_a_plateau_is_remembered_across_a_stop(tmp_path):
    recipe = replace(
        TINY,
        feeding=OnPlateau(patience=0, step=0.5),
        stages=(Stage(steps=6, rate=1e-12),),  # nothing improves
        validate_every=1,
    )
    fit(recipe, tmp_path / "whole", machine=OFTEN)
    fit(recipe, tmp_path / "parts", machine=OFTEN, minutes=1e-9)
    fit(recipe, tmp_path / "parts", machine=OFTEN, resume=True)
    shares = [[r["share_true"] for r in Run(tmp_path / n).log()] for n in ("whole", "parts")]
    assert shares[0] == shares[1]
    assert shares[0][0] == "1.0"
    assert shares[0][-1] == "0.0"


def test_the_callers_random_numbers_stay_theirs(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(replace(TINY, stages=(Stage(steps=1),)), tmp_path, machine=OFTEN)
    assert torch.equal(torch.rand(3), expected)


# --------------------------------------------------------------------- the order of clips


def test_every_epoch_reads_every_clip_once_in_a_new_order():
    batches = Batches(samples=12, batch=4, seed=0)
    epochs = [[batches.at(step) for step in range(3 * e, 3 * e + 3)] for e in range(3)]
    for epoch in epochs:
        assert sorted(chain.from_iterable(epoch)) == list(range(12))
    assert epochs[0] != epochs[1] != epochs[2]
    assert Batches(12, 4, seed=1).at(0) != batches.at(0)
    assert batches.at(0) == epochs[0][0]  # going back is no matter
    assert len({tuple(Batches(9, 4, seed=0).at(step)) for step in range(8)}) == 8
    with pytest.raises(ValueError, match=r"batch=13: expected 1 to the 12 clips"):
        Batches(12, 13, seed=0)


# --------------------------------------------------------------------- what is refused


def test_bad_input_is_refused_before_anything_is_written(tmp_path):
    for arguments, says in (
        ({"seed": -1}, "seed=-1, expected 0 or more"),
        ({"minutes": float("nan")}, "minutes=nan, expected more than 0"),
        ({"machine": Machine(cpu=True, accumulate=3)}, "batch=4: expected a multiple of 3 parts"),
    ):
        with pytest.raises(ValueError, match=says):
            fit(TINY, tmp_path / "run", **arguments)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="workers=-1: expected at least 0"):
        Machine(workers=-1)


def test_a_finished_run_is_not_begun_again_and_another_is_not_mixed_in(tmp_path):
    short = replace(TINY, stages=(Stage(steps=1),))
    fit(short, tmp_path, machine=OFTEN)
    held = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(FileExistsError, match="--resume"):
        fit(short, tmp_path, machine=OFTEN)
    with pytest.raises(ValueError, match=r"holds another run: recipe.batch is 4 there and 2 here"):
        fit(replace(short, batch=2), tmp_path, machine=OFTEN, resume=True)
    with pytest.raises(ValueError, match=r"seed is 0 there and 1 here"):
        fit(short, tmp_path, seed=1, machine=OFTEN, resume=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == held
    assert fit(short, tmp_path, machine=OFTEN, resume=True).finished


def test_a_loss_that_is_no_number_stops_with_step_clips_and_checkpoint(tmp_path):
    wild = replace(TINY, stages=(Stage(steps=9, rate=1e30),), clip=None)
    with pytest.raises(Diverged) as stopped:
        fit(wild, tmp_path, machine=replace(OFTEN, checkpoint_every=1))
    step = int(str(stopped.value).split("at step ")[1].split(",")[0])
    clips = Batches(20, 4, seed=0).at(step - 1)
    good = Run(tmp_path).checkpoints()[-1]
    assert f"on clips {clips}" in str(stopped.value)
    assert str(good) in str(stopped.value)
    assert good.name == f"checkpoint-{step - 1:08d}.safetensors"
    assert not Run(tmp_path).network_file.exists()


class Trap:
    def __reduce__(self):
        return exec, ("raise SystemExit('a checkpoint was executed')",)


@pytest.mark.parametrize("write", [pickle.dump, torch.save])
def test_a_pickle_in_place_of_a_checkpoint_is_refused(write, tmp_path):
    fit(TINY, tmp_path, machine=OFTEN, minutes=1e-9)
    with Run(tmp_path).checkpoints()[-1].open("wb") as file:
        write(Trap(), file)
    with pytest.raises(ValueError, match="could run code"):
        fit(TINY, tmp_path, machine=OFTEN, resume=True)


# --------------------------------------------------------------------- killed, and resumed


def test_killed_at_every_boundary_the_bits_are_the_same(tmp_path):
    """Before every file that is opened for writing, renamed, removed or changed in mode."""
    boundaries, faults = in_a_child(killed_at_every_boundary, tmp_path)
    assert faults == []
    assert boundaries > 25


def test_killed_at_ten_random_moments_the_bits_are_the_same(tmp_path):
    moments, faults = in_a_child(killed_at_random_moments, tmp_path)
    assert faults == []
    assert moments == 10


def test_two_processes_cannot_share_a_folder_and_a_dead_one_holds_none(tmp_path):
    assert in_a_child(locked_out_until_the_other_dies, tmp_path) == "refused, then finished"


def test_two_processes_follow_one_at_the_same_batch(tmp_path):
    """gloo, on this machine; each takes half of every batch."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    children = [FORK.Process(target=one_of_two, args=(rank, port, tmp_path)) for rank in (0, 1)]
    for child in children:
        child.start()
    fit(LONGER, tmp_path / "one", machine=OFTEN)
    for child in children:
        child.join(120)
        assert child.exitcode == 0
    np.testing.assert_allclose(losses(tmp_path / "two"), losses(tmp_path / "one"), rtol=1e-4)
    assert close(weights(tmp_path / "two"), weights(tmp_path / "one")) < 1e-4
    validations = [[row["validation"] for row in Run(tmp_path / n).log()] for n in ("one", "two")]
    assert [v != "" for v in validations[0]] == [v != "" for v in validations[1]]


LONGER = replace(
    TINY,
    stages=(Stage(steps=8, rate=0.02), Stage(steps=4, rate=0.01, frozen=("embed.*",))),
    loss="l1_l2_sum",
    clip=50.0,
)


def one_of_two(rank, port, folder):
    torch.set_num_threads(1)
    os.environ |= {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "ACCELERATE_USE_CPU": "true",
    }
    fit(LONGER, folder / "two", machine=OFTEN)


def in_a_child(function, folder):
    """Run a function in a fresh process; its value, or its traceback as a failure here."""
    ours, theirs = FORK.Pipe()
    child = FORK.Process(target=answer, args=(function, folder, theirs))
    child.start()
    theirs.close()
    try:
        value = ours.recv() if ours.poll(300) else "no answer in 300 s"
    except EOFError:
        value = f"died with {child.exitcode}"
    child.join(10)
    assert not (isinstance(value, str) and value.startswith(("Traceback", "died", "no "))), value
    return value


def answer(function, folder, pipe):
    torch.set_num_threads(1)
    found = moving_mnist.digits("sklearn")
    moving_mnist.digits = lambda _: found  # read once; every fork has them
    try:
        pipe.send(function(folder))
    except BaseException:
        pipe.send(traceback.format_exc())


def forked(work):
    """Start a copy of this process that does the work and no more."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return child


def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def run(folder):
    fit(TINY, folder, machine=OFTEN, resume=True)


def killed_at_every_boundary(folder):
    counted = folder / "count"

    def count():
        seen = watch(folder / "whole")
        run(folder / "whole")
        counted.write_text(str(len(seen)))

    faults = [] if ended(forked(count)) == 0 else ["the whole run failed"]
    boundaries = int(counted.read_text())
    expected = weights(folder / "whole")
    for boundary in range(boundaries):
        place = folder / str(boundary)

        def die(place=place, boundary=boundary):
            watch(place, boundary)
            run(place)

        if ended(forked(die)) != -signal.SIGKILL:
            faults.append(f"{boundary}: was not killed")
        faults += compared(place, expected, f"before event {boundary}")
    return boundaries, faults


def watch(folder, kill_before=None):
    """Note every change of a file under `folder`; before one of them, die as by kill -9."""
    seen = []

    def changed(event, arguments):
        if event == "open":
            path, _, flags = arguments
            change = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR)
        else:
            path, change = arguments[0], event in ("os.rename", "os.remove", "os.chmod")
        if change and isinstance(path, str | bytes | Path) and str(folder) in str(path):
            if len(seen) == kill_before:
                os.kill(os.getpid(), signal.SIGKILL)
            seen.append(event)

    sys.addaudithook(changed)
    return seen


def killed_at_random_moments(folder):
    begun = time.monotonic()
    assert ended(forked(lambda: run(folder / "whole"))) == 0
    length = time.monotonic() - begun
    expected, draw, faults, killed = weights(folder / "whole"), random.Random(0), [], 0
    for attempt in range(60):
        place = folder / str(attempt)
        wait = draw.uniform(0, length)
        begun = time.monotonic()
        child = forked(lambda place=place: run(place))
        while not (over := os.waitpid(child, os.WNOHANG)[0]) and time.monotonic() < begun + wait:
            time.sleep(0.001)
        if over:  # the machine is faster now than when the length was taken
            length = time.monotonic() - begun
            continue
        os.kill(child, signal.SIGKILL)
        killed += ended(child) == -signal.SIGKILL
        faults += compared(place, expected, f"moment {attempt}")
        if killed == 10:
            break
    return killed, faults


def compared(place, expected, when):
    """Resume, and say what is wrong with the result."""
    if ended(forked(lambda: run(place))) != 0:
        return [f"{when}: did not resume"]
    faults = [] if same_bits(weights(place), expected) else [f"{when}: other weights"]
    with (place / "log.csv").open() as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    if steps != list(range(1, 8)):
        faults.append(f"{when}: the log has steps {steps}")
    strays = [path.name for path in place.glob(".*")]
    return faults + [f"{when}: left {strays}"] * bool(strays)


def locked_out_until_the_other_dies(folder):
    reading, writing = os.pipe()

    def hold():
        with training.locked(folder):
            os.write(writing, b".")
            time.sleep(300)

    child = forked(hold)
    os.read(reading, 1)
    try:
        fit(TINY, folder, machine=OFTEN)
        return "not refused"
    except BlockingIOError as error:
        if "another process is working there" not in str(error):
            return str(error)
    finally:
        os.kill(child, signal.SIGKILL)
        ended(child)
    run(folder)
    return "refused, then finished" if Run(folder).network_file.exists() else "not finished"
