"""Recurrent layers at one time step, one a file: ``cell(x, state=None, m=None) -> (h, state, m)``.

``x`` rises through the layers. ``state`` goes forward in time: a NamedTuple, or ``None`` for zeros.
``m`` is what some cells pass from layer to layer; a cell without use for it hands it on untouched.
Gates stand everywhere in the order i, f, g, o: input, forget, candidate, output.
"""

from stlib.cells.causal_conv3d import CausalConv3d
from stlib.cells.causal_lstm import CausalLSTM
from stlib.cells.cms_lstm import CMSLSTM
from stlib.cells.compressed_conv_lstm import CompressedConvLSTM
from stlib.cells.conv_lstm import ConvLSTM
from stlib.cells.conv_tt_lstm import ConvTTLSTM, History
from stlib.cells.e3d_lstm import E3DLSTM, Eidetic
from stlib.cells.gradient_highway import GradientHighway, Highway
from stlib.cells.higher_order_conv_lstm import HigherOrderConvLSTM
from stlib.cells.higher_order_lstm import HigherOrderLSTM
from stlib.cells.local_attention import LocalAttention
from stlib.cells.lstm import LSTM
from stlib.cells.mim import MIM, Differenced
from stlib.cells.mk_lstm import MKLSTM, Memories
from stlib.cells.mode_rnn import MoDeRNN
from stlib.cells.motion_gru import Motion, MotionGRU
from stlib.cells.motion_rnn import MotionRNN, Moving
from stlib.cells.past import Past
from stlib.cells.precip_lstm import PrecipLSTM, PrecipMemory
from stlib.cells.st_lstm import STLSTM, Written
from stlib.cells.step import Step
from stlib.cells.traj_gru import Hidden, TrajGRU
from stlib.cells.window import Window, windows

__all__ = [
    "CMSLSTM",
    "E3DLSTM",
    "LSTM",
    "MIM",
    "MKLSTM",
    "STLSTM",
    "CausalConv3d",
    "CausalLSTM",
    "CompressedConvLSTM",
    "ConvLSTM",
    "ConvTTLSTM",
    "Differenced",
    "Eidetic",
    "GradientHighway",
    "Hidden",
    "HigherOrderConvLSTM",
    "HigherOrderLSTM",
    "Highway",
    "History",
    "LocalAttention",
    "Memories",
    "MoDeRNN",
    "Motion",
    "MotionGRU",
    "MotionRNN",
    "Moving",
    "Past",
    "PrecipLSTM",
    "PrecipMemory",
    "Step",
    "TrajGRU",
    "Window",
    "Written",
    "windows",
]
