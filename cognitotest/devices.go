package cognitotest

// DeviceConfiguration is how a pool tracks devices.
type DeviceConfiguration struct {
	// ChallengeRequiredOnNewDevice lets a remembered device stand in for MFA.
	ChallengeRequiredOnNewDevice bool
	// DeviceOnlyRememberedOnUserPrompt makes a confirmed device remembered by UpdateDeviceStatus only.
	DeviceOnlyRememberedOnUserPrompt bool
}
