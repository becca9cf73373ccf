package cognitotest

import "maps"

// flowHandlers are the operations about factors, devices and passkeys, and the administrators' sign-in.
var flowHandlers = map[string]handler{
	"AdminInitiateAuth":            signed((*pool).adminInitiateAuth),
	"AdminRespondToAuthChallenge":  signed((*pool).adminRespondToAuthChallenge),
	"AssociateSoftwareToken":       unsigned((*pool).associateSoftwareToken),
	"VerifySoftwareToken":          unsigned((*pool).verifySoftwareToken),
	"SetUserMFAPreference":         unsigned((*pool).setUserMFAPreference),
	"AdminSetUserMFAPreference":    signed((*pool).adminSetUserMFAPreference),
	"GetUserAuthFactors":           unsigned((*pool).getUserAuthFactors),
	"AdminGetUserAuthFactors":      signed((*pool).adminGetUserAuthFactors),
	"ConfirmDevice":                unsigned((*pool).confirmDevice),
	"ListDevices":                  unsigned((*pool).listDevices),
	"AdminListDevices":             signed((*pool).adminListDevices),
	"StartWebAuthnRegistration":    unsigned((*pool).startWebAuthnRegistration),
	"CompleteWebAuthnRegistration": unsigned((*pool).completeWebAuthnRegistration),
	"ListWebAuthnCredentials":      unsigned((*pool).listWebAuthnCredentials),
	"DeleteWebAuthnCredential":     unsigned((*pool).deleteWebAuthnCredential),
}

func init() {
	add := func(name string, byUser, byAdmin handler) {
		maps.Copy(flowHandlers, map[string]handler{name: byUser, "Admin" + name: byAdmin})
	}
	get, adminGet := deviceOperation(getDevice)
	add("GetDevice", get, adminGet)
	forget, adminForget := deviceOperation(forgetDevice)
	add("ForgetDevice", forget, adminForget)
	update, adminUpdate := deviceOperation(updateDeviceStatus)
	add("UpdateDeviceStatus", update, adminUpdate)
}
