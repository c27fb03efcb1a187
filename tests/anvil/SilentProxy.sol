// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// A proxy that keeps its target in an ordinary slot and logs nothing when it changes.
contract SilentProxy {
    /// Room for the storage of whatever stands behind it.
    uint256[5] private room;
    address private target;

    constructor(address first) {
        target = first;
    }

    function resetImplementation(address next) external {
        target = next;
    }

    fallback() external {
        address to = target;
        assembly {
            calldatacopy(0, 0, calldatasize())
            let done := delegatecall(gas(), to, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            switch done
            case 0 { revert(0, returndatasize()) }
            default { return(0, returndatasize()) }
        }
    }
}
