"""3D filters, whole, as rank-1, or as a joint filter of spatial and temporal atoms.

``filters`` builds them and takes them apart, ``convolve`` applies a joint filter in two ways,
``layers`` are modules, ``swap`` puts other atoms or dilations in their place, ``dimension`` counts
what a family of filters can reach.
"""

from stlib.joint_filter.convolve import Way, cheaper_way, joint_convolution
from stlib.joint_filter.dimension import jacobian_rank, joint_dimension, rank_1_dimension
from stlib.joint_filter.filters import (
    JointFilter,
    Rank1Filter,
    coefficients_for,
    coefficients_matrix,
    distance,
    joint_filter,
    nearest_joint,
    nearest_rank_1,
    rank_1_filter,
)
from stlib.joint_filter.geometry import PLAIN, Geometry
from stlib.joint_filter.layers import Conv3d, JointConv2d, JointConv3d, Rank1Conv3d, RegularConv3d
from stlib.joint_filter.swap import Swap, swap

__all__ = [
    "PLAIN",
    "Conv3d",
    "Geometry",
    "JointConv2d",
    "JointConv3d",
    "JointFilter",
    "Rank1Conv3d",
    "Rank1Filter",
    "RegularConv3d",
    "Swap",
    "Way",
    "cheaper_way",
    "coefficients_for",
    "coefficients_matrix",
    "distance",
    "jacobian_rank",
    "joint_convolution",
    "joint_dimension",
    "joint_filter",
    "nearest_joint",
    "nearest_rank_1",
    "rank_1_dimension",
    "rank_1_filter",
    "swap",
]
