"""Which events are compliance events, and what their arguments mean there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

CONTRARY: Mapping[str, str] = {
    "allow": "disallow", "ban": "unban", "freeze": "unfreeze", "pause": "unpause", "lock": "unlock",
    "role_granted": "role_revoked",
}  # fmt: skip
"""What a kind becomes where the event's flag is false."""


class Shape(NamedTuple):
    """How an event is read: names of its arguments.

    *account* is whom it concerns, one or a list of them; *authority* who did it; *flag* a yes or no that
    turns the kind into its contrary. What is left is written into ``detail``.
    """

    kind: str
    account: str | None = None
    authority: str | None = None
    amount: str | None = None
    flag: str | None = None


def _each(names: str, shape: Shape) -> dict[str, Shape]:
    return dict.fromkeys(names.split(), shape)


SHAPES: Mapping[str, Shape] = {
    # Accounts that may not act, or may again.
    **_each("AccountFrozen", Shape("freeze", "account")),
    **_each("AccountUnfrozen", Shape("unfreeze", "account")),
    **_each("AccountBanned", Shape("ban", "addr")),
    **_each("AccountUnbanned", Shape("unban", "addr")),
    **_each("BlockPlaced", Shape("ban", "_user")),
    **_each("BlockReleased", Shape("unban", "_user")),
    **_each("BlockedAddressesAdded", Shape("ban", "accounts")),
    **_each("BlockedAddressesRemoved", Shape("unban", "accounts")),
    **_each("Banned", Shape("ban", "_investor", flag="_status")),
    # Accounts that are let in, or out again. AccountStatusSetByAdmin repeats AccountStatusSet.
    **_each("AccountStatusSet", Shape("allow", "account", flag="status")),
    **_each("AccountAuthorized", Shape("allow", "account")),
    **_each("AccountDeauthorized", Shape("disallow", "account")),
    **_each("KYCAddressesAdded", Shape("allow", "addresses", "sender")),
    **_each("KYCAddressesRemoved", Shape("disallow", "addresses", "sender")),
    **_each("GrantKyc", Shape("allow", "_investor")),
    **_each("RevokeKyc", Shape("disallow", "_investor")),
    **_each("ProtocolAddressPermissionSet", Shape("allow", "addr", flag="isAllowed")),
    **_each("FundPermissionSet", Shape("allow", flag="permission")),
    **_each("PermissionSet", Shape("allow", flag="permission")),
    # Pauses, of everything or of one way in or out.
    **_each("Pause", Shape("pause")),
    **_each("Unpause", Shape("unpause")),
    **_each("PauseModeChange", Shape("pause", flag="pauseMode")),
    **_each("AccountingPaused", Shape("pause", authority="admin")),
    **_each("AccountingUnpaused", Shape("unpause", authority="admin")),
    **_each("Paused PausedDeposit PausedWithdraw PausedRedeem", Shape("pause", authority="account")),
    **_each(
        "Unpaused UnpausedDeposit UnpausedWithdraw UnpausedRedeem", Shape("unpause", authority="account")
    ),
    **_each(
        "SubscriptionPaused RedemptionPaused OffChainRedemptionPaused", Shape("pause", authority="caller")
    ),
    **_each(
        "SubscriptionUnpaused RedemptionUnpaused OffChainRedemptionUnpaused",
        Shape("unpause", authority="caller"),
    ),
    # Seizures: what was taken from whom.
    **_each("Seize", Shape("seize", "from", amount="value")),
    **_each("OmnibusSeize", Shape("seize", "from", "omnibusWallet", "value")),
    **_each("ControllerTransfer", Shape("seize", "_from", "_controller", "_value")),
    **_each("ControllerRedemption", Shape("seize", "_tokenHolder", "_controller", "_value")),
    **_each("AdminBurn", Shape("seize", "src", "burner", "amount")),
    **_each("BurnFrom", Shape("seize", "from", amount="amount")),
    # Locks: tokens that stay where they are.
    **_each("Locked", Shape("lock", "who", amount="value")),
    **_each("Unlocked", Shape("unlock", "who", amount="value")),
    **_each("HolderLocked", Shape("lock", amount="value")),
    **_each("HolderUnlocked", Shape("unlock", amount="value")),
    **_each("InvestorFullyLocked", Shape("lock")),
    **_each("InvestorFullyUnlocked", Shape("unlock")),
    **_each("InvestorLiquidateOnlySet", Shape("lock", flag="enabled")),
    # Who may do what.
    **_each("RoleGranted", Shape("role_granted", "account", "sender")),
    **_each("RoleRevoked", Shape("role_revoked", "account", "sender")),
    **_each("DSTrustServiceRoleAdded", Shape("role_granted", "targetAddress", "sender")),
    **_each("DSTrustServiceRoleRemoved", Shape("role_revoked", "targetAddress", "sender")),
    **_each("SetOperator", Shape("role_granted", "operator", flag="status")),
    **_each("NewMinter", Shape("role_granted", "newMinter")),
    **_each("NewBurner", Shape("role_granted", "newBurner")),
    **_each("NewPauser", Shape("role_granted", "newPauser")),
    **_each("NewMultiplierUpdater", Shape("role_granted", "newMultiplierUpdater")),
    **_each("SetMaintainer", Shape("role_granted", "_maintainer")),
    **_each(
        "SetOperatorEffected SetRevokerEffected SetMessagerEffected SetMessengerEffected",
        Shape("role_granted", "newAddr"),
    ),
    **_each("OwnershipTransferred", Shape("owner", "newOwner", "previousOwner")),
    **_each("OwnershipAccepted", Shape("owner", "newOwner_", "previousOwner_")),
    **_each("AdminChanged", Shape("owner", "newAdmin", "previousAdmin")),
    # Code.
    **_each("Upgraded", Shape("implementation", "implementation")),
    **_each("BeaconUpgraded", Shape("implementation", "beacon")),
    # What the token believes.
    **_each("OracleSet SetOracle", Shape("oracle", "newOracle")),
    **_each("OndoOracleSet", Shape("oracle", "newOndoOracle")),
    **_each("SetTBillPriceFeed", Shape("oracle", "priceFeed")),
    **_each("NewPricerSet", Shape("oracle", "newPricer")),
    # Settings, each told whole in its detail.
    **_each(
        """
        RoleAdminChanged PendingOwnerSet UpgradeToAndCallRequest
        SetRevokerRequest SetMessagerRequest SetMessengerRequest SetOperatorRequest SetDelayRequest SetDelayEffected
        AllowlistSet BlocklistSet SanctionsListSet NewSanctionsList KYCRegistrySet KYCRequirementGroupSet
        CurrentTermIndexSet TermAdded ValidTermIndexesSet SetStrict DelegateModeChange DelegateWhitelistChange
        SetRedemptionContract SetChainIdSupport SetMaximumOracleDelay SetStablecoinConfig SetSweepDestination
        SetRedemptionFee SetMaximumAcceptablePriceDelta UpdateMaxPriceDeviation MaxTimestampDiffSet
        DSServiceSet NameUpdated SymbolUpdated NameSet SymbolSet NameChanged SymbolChanged NewTerms
        SetFeeManager SetKycManager SetController SetTimelock SetRedemption SetPartnerShip SetBuidl
        SetBuidlTreasury SetOplTreasury SetMgtFeeTreasury UpdateTreasury UpdateQTreasury SetTimeBuffer SetWeekendFlag
        SetMaxDeposit SetMinDeposit SetMaxWithdraw SetMinWithdraw
        TotalSupplyCap TotalSupplyCapUpdated UpdateAPY
        MintFeeSet RedemptionFeeSet FeeRecipientSet AssetSenderSet MinimumDepositAmountSet MinimumRedemptionAmountSet
        OffChainRedemptionMinimumSet GMTokenRegistered WithdrawalManagerSet LiquidityCapSet SetAsActive
        ManualWithdrawalSet ConfigurationUpdated ManagerAddressSet
        """,
        Shape("setting"),
    ),
}
"""By the event's name. An event of that name without those arguments is another contract's and is not told."""
